/* train_progress.h - the line that tells how far a run is: on a terminal it is written over, elsewhere there is a new one
 * now and then. */
#ifndef SOLVENT_TRAIN_PROGRESS_H
#define SOLVENT_TRAIN_PROGRESS_H

#include "core/train/trainer.h"

struct train_progress {
    size_t steps, first_step; /* of the run; of this process */
    int64_t began_ns, shown_ns;
    double loss;         /* a moving mean */
    bool terminal, open; /* open: the line has no end yet */
};

void train_progress_begin(struct train_progress *p, size_t at, size_t steps);
void train_progress_step(struct train_progress *p, const struct trainer_report *report);
/* train_progress_end ends the line, for what else is to be said. */
void train_progress_end(struct train_progress *p);

/* train_progress_time writes seconds as 45s, 3m05s, 2h07m. */
enum { PROGRESS_TIME = 32 };
void train_progress_time(double seconds, char text[PROGRESS_TIME]);

#endif
