#include "core/window/extreme_kernels.h"

enum { POLL = 1 << 20 };

#define T int64_t
#define NAME(x) x##_max_int
#define BETTER >
#include "core/window/arg_body.h"
#define T int64_t
#define NAME(x) x##_min_int
#define BETTER <
#include "core/window/arg_body.h"
#define T double
#define NAME(x) x##_max_real
#define BETTER >
#include "core/window/arg_body.h"
#define T double
#define NAME(x) x##_min_real
#define BETTER <
#include "core/window/arg_body.h"

static const struct extreme_kernels *kernels_for(enum isa isa) {
#if defined(__x86_64__)
    if (isa == ISA_AVX2 || isa_plain(isa) == ISA_AVX512)
        return &extreme_avx2;
#endif
    (void)isa;
    return &extreme_ref;
}

enum sliding_algorithm sliding_extreme_algorithm(const struct windows *w) {
    return w->k <= SMALL_K ? SLIDING_DOUBLING : SLIDING_BLOCKS;
}

enum status sliding_extreme(struct ctx *ctx, const struct array *values, const struct windows *w, bool least,
                            void *out) {
    struct ctx_mark mark = ctx_mark(ctx);
    enum status status = kernels_for(ctx->isa)->of[values->kind == KIND_REAL][least](ctx, values->data, w, out);
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
