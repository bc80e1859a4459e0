/* planned.h - plans of training runs (train_plan.h) on a few made-up images or rows, of two classes with names. */
#ifndef SOLVENT_TEST_PLANNED_H
#define SOLVENT_TEST_PLANNED_H

#include "handlers/train_plan.h"
#include "tests/support/made_files.h"

enum { PLANNED_ITEMS = 6, PLANNED_SIDE = 8 };

struct planned {
    struct ctx ctx;
    unsigned char bytes[PLANNED_ITEMS * PLANNED_SIDE * PLANNED_SIDE * 3];
    float rows[PLANNED_ITEMS * 2];
    int64_t labels[PLANNED_ITEMS];
    double mean[2], std[2];
    struct str names[2];
    struct dataset data, source; /* source: data 0 where there is none */
    struct train_config config;
    struct train_plan plan;
};

void planned_begin(struct planned *f, bool images);
void planned_end(struct planned *f);

/* planned_set sets an option. */
void planned_set(struct planned *f, const char *name, const char *value);

/* planned_make makes the plan of what was set; planned_try gives its status. */
void planned_make(struct planned *f);
enum status planned_try(struct planned *f);

/* planned_weights makes the graph of a plan, and numbers for its parameters, in ctx. */
float *planned_weights(struct planned *f, struct graph **graph);

/* planned_folder writes the plan's model to a folder that it makes. */
void planned_folder(struct planned *f, const struct graph *graph, const float *weights, struct made_files *to);

#endif
