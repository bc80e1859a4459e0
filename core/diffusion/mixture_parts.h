/* mixture_parts.h - a checked mixture and the two kernels that evaluate it. For mixture*.c only.
 * Rows are taken eight at a time and transposed, x[d][LANES], so that loops over lanes need no reduction and a part's
 * numbers are read once for eight rows. */
#ifndef SOLVENT_MIXTURE_PARTS_H
#define SOLVENT_MIXTURE_PARTS_H

#include "core/diffusion/mixture.h"

enum { LANES = 8 };

struct mixture {
    struct denoiser base; /* first: a denoiser pointer is a mixture pointer */
    size_t k;
    bool round;              /* S_c = s_c^2 I for all parts */
    bool alike;              /* all parts have one weight and one variance */
    double ln_total;         /* log of the sum of exp(ln_weight) */
    const double *means;     /* [k][d] */
    const double *ln_weight; /* [k]; parts of weight 0 are left out */
    const double *variance;  /* round: [k]; else [k][d], along the axes of `axes` */
    const double *axes;      /* [k][d][d], column i an eigenvector; NULL: the coordinate axes */
};

/* One group: D of x[d][LANES] to out[d][LANES]. `prepared` comes from the kernel's prepare(). */
typedef void mixture_kernel(const struct mixture *m, const struct path_point *at, const double *prepared,
                            const double *x, double *out, double *scratch);
/* mixture_rows prepares nothing: it transposes groups of rows to and fro. scratch: 2 d LANES, then the kernel's. */
void mixture_rows(const struct mixture *m, const struct path_point *at, mixture_kernel *kernel, const double *prepared,
                  size_t rows, const double *x, double *out, double *scratch);

/* mixture_gather transposes a group of rows: lanes beyond the last row repeat it. */
void mixture_gather(size_t d, size_t rows, const double *x, double *to);

/* Any S_c, each row at a point of its own. */
void mixture_each(const struct denoiser *self, const struct denoiser_each *q, double *scratch);
size_t mixture_each_scratch(const struct mixture *m);

/* S_c = s_c^2 I. */
void mixture_round_eval(const struct denoiser *self, const struct path_point *at, const void *condition, size_t rows,
                        const double *x, double *out, double *scratch);
size_t mixture_round_scratch(const struct mixture *m);

/* Any S_c, by its axes. */
void mixture_oval_eval(const struct denoiser *self, const struct path_point *at, const void *condition, size_t rows,
                       const double *x, double *out, double *scratch);
size_t mixture_oval_scratch(const struct mixture *m);

#endif
