#include <string.h>

#include "core/window/sliding_parts.h"

enum {
    LANES = 8,     /* joined in one step; a power of two */
    SMALL_K = 256, /* up to here doubling needs fewer passes than blocks */
    TILE = 1024,   /* values that stay in the first cache */
    POLL = 1 << 20,
};

#define T double
#define NAME(x) x##_max_real
#define BETTER >
#include "core/window/extreme_body.h"
#define T double
#define NAME(x) x##_min_real
#define BETTER <
#include "core/window/extreme_body.h"
#define T int64_t
#define NAME(x) x##_max_int
#define BETTER >
#include "core/window/extreme_body.h"
#define T int64_t
#define NAME(x) x##_min_int
#define BETTER <
#include "core/window/extreme_body.h"

enum sliding_algorithm sliding_extreme_algorithm(const struct windows *w) {
    return w->k <= SMALL_K ? SLIDING_DOUBLING : SLIDING_BLOCKS;
}

enum status sliding_extreme(struct ctx *ctx, const struct array *values, const struct windows *w, bool least,
                            void *out) {
    struct ctx_mark mark = ctx_mark(ctx);
    enum status status = values->kind == KIND_INT
                             ? (least ? extreme_min_int : extreme_max_int)(ctx, values->data, w, out)
                             : (least ? extreme_min_real : extreme_max_real)(ctx, values->data, w, out);
    ctx_rewind(ctx, mark);
    return status;
}

enum status sliding_arg(struct ctx *ctx, const struct array *values, const struct windows *w, bool least,
                        int64_t *out) {
    struct ctx_mark mark = ctx_mark(ctx);
    enum status status = values->kind == KIND_INT ? (least ? arg_min_int : arg_max_int)(ctx, values->data, w, out)
                                                  : (least ? arg_min_real : arg_max_real)(ctx, values->data, w, out);
    ctx_rewind(ctx, mark);
    return status;
}
