/* mixture_screen.h - the means of round parts as small whole numbers, which tell within a proven error how far a row is
 * from each of them: a row near few parts is spared the others. For mixture*.c only.
 *
 * With the centre taken off both, m = step q + a rest, y = its own step p + a rest, so y.m = (step of y) step (q.p) +- err,
 *     err <= |y| (rest of m) + (rest of y) |step q|      (Cauchy, Schwarz),
 * and q.p is a sum of whole numbers that fits 32 bits: the same for all instruction sets, whatever their order.
 * Source: the bounds of filter and refine (Weber, Schek, Blott 1998, "VA-file"), on products in place of cells. */
#ifndef SOLVENT_MIXTURE_SCREEN_H
#define SOLVENT_MIXTURE_SCREEN_H

#include "core/base/ctx.h"

/* SCREEN_PARTS lie side by side, two dimensions at a time; SCREEN_BLOCK are looked at together, SCREEN_PROBE first.
 * Of less than SCREEN_LEAST parts none is worth sparing, and scores of more than SCREEN_GREATEST would take much memory; a
 * row that is near more than SCREEN_NEAR, or than one part in eight, is near too many. */
enum {
    SCREEN_PARTS = 16,
    SCREEN_BLOCK = 32,
    SCREEN_PROBE = 128,
    SCREEN_LEAST = 64,
    SCREEN_GREATEST = 1 << 18,
    SCREEN_NEAR = 1024,
};

struct mixture_screen {
    size_t pairs;         /* of dimensions, the last one's second may be beyond d */
    const int8_t *q;      /* [mixture_screen_parts / SCREEN_PARTS][pairs][SCREEN_PARTS][2]; 0 beyond k and d */
    const double *centre; /* [d] */
    const double *norm2;  /* [mixture_screen_parts] |m_c - centre|^2 */
    double step;
    double rest, reach, most2; /* of all parts: the greatest rest, |step q| and norm2 */
    double most;               /* the greatest p that sums may have */
    size_t kept;               /* so many parts may be near a row; even */
};

/* mixture_screen_parts is k, rounded up to whole blocks. */
static inline size_t mixture_screen_parts(size_t k) { return (k + SCREEN_BLOCK - 1) / SCREEN_BLOCK * SCREEN_BLOCK; }

/* Rows that are compared at once: those of a tile, of many parts fewer, so that their scores take little memory. */
static inline size_t mixture_screen_rows(size_t k) { return k <= 32768 ? 32 : 8; }

/* mixture_screen_list is how many parts a row may list: those that are near, and of a probe all. */
static inline size_t mixture_screen_list(const struct mixture_screen *s) { return s->kept + SCREEN_PROBE; }

/* mixture_screen_numbers is what a row of these needs: a list of logits and one of parts, scores of all parts, and steps
 * [pairs]; all but the first are of 32 bits. */
static inline size_t mixture_screen_numbers(const struct mixture_screen *s, size_t k) {
    return (s->pairs + 1) / 2 + mixture_screen_parts(k) / 2 + mixture_screen_list(s) / 2 + mixture_screen_list(s);
}

/* mixture_screen_make takes means[k][d], finite, k in SCREEN_LEAST .. SCREEN_GREATEST. Cost: O(k d). Errors: NO_MEMORY. */
enum status mixture_screen_make(struct ctx *ctx, const double *means, size_t k, size_t d,
                                const struct mixture_screen **out) MUST_CHECK;

#endif
