#include "core/sort/sort.h"
#include "core/window/median_kernels.h"
#include "core/window/rank_set.h"
#include "core/window/sliding_parts.h"

enum { STRETCH = 1 << 16, POLL = 1 << 16 };

/* The windows are done in stretches of about 4 k values, whose ranks one sort gives. */
struct stretch {
    int64_t low, high;   /* the indices of its values: low .. high */
    struct array sorted; /* its values in order */
    uint32_t *rank;      /* of the value at low + i */
    struct rank_set members;
    size_t middle; /* the rank of the lower middle member; SIZE_MAX: there are no members */
    int64_t below; /* members of less rank than it */
};

/* last_of gives how far a stretch that begins with window j goes: some windows, at least one. */
static size_t last_of(const struct windows *w, size_t j) {
    int64_t size = w->k > STRETCH / 4 ? 4 * w->k : STRETCH, low = window_low(w, j);
    int64_t more = (low + size - window_high(w, j)) / w->step;
    size_t last = more > 0 ? j + (size_t)more : j;
    last = last < w->count ? last : w->count - 1;
    while (last > j && window_high(w, last) - low >= size)
        last--;
    return last;
}

static enum status rank_values(struct ctx *ctx, const struct array *values, struct stretch *s) {
    size_t n = (size_t)(s->high - s->low) + 1;
    s->rank = ctx_alloc(ctx, n, sizeof *s->rank);
    if (!s->rank)
        return STATUS_NO_MEMORY;
    void *from = values->kind == KIND_INT ? (void *)(values->ints + s->low) : (void *)(values->reals + s->low);
    struct sort_in in = {.values = array_1d(values->kind, from, n), .argsort = true};
    struct sort_out out;
    enum status status = sort_solve(ctx, &in, &out);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < n; i++)
        s->rank[out.indices.ints[i]] = (uint32_t)i;
    s->sorted = out.values;
    return rank_set_init(ctx, &s->members, n);
}

static void join(struct stretch *s, size_t rank) {
    rank_set_add(&s->members, rank);
    if (s->middle == SIZE_MAX)
        s->middle = rank;
    else
        s->below += rank < s->middle;
}

static void leave(struct stretch *s, size_t rank) {
    rank_set_remove(&s->members, rank);
    s->below -= rank < s->middle;
    if (rank != s->middle)
        return;
    s->middle = rank_set_next(&s->members, rank);
    if (s->middle == SIZE_MAX) {
        s->middle = rank_set_previous(&s->members, rank);
        s->below -= s->middle != SIZE_MAX;
    }
}

/* centre moves the middle to where (count - 1) / 2 members are below it. */
static void centre(struct stretch *s, int64_t count) {
    for (; s->below < (count - 1) / 2; s->below++)
        s->middle = rank_set_next(&s->members, s->middle);
    for (; s->below > (count - 1) / 2; s->below--)
        s->middle = rank_set_previous(&s->members, s->middle);
}

static void answer(const struct stretch *s, int64_t count, enum sliding_operation which, bool real, void *out,
                   size_t j) {
    size_t low = s->middle, high = count % 2 ? low : rank_set_next(&s->members, low);
    struct value middle[2] = {array_at(&s->sorted, low), array_at(&s->sorted, high)};
    median_put(middle, which, real, out, j);
}

/* slide does the windows j .. last of one stretch. */
static enum status slide(struct ctx *ctx, struct stretch *s, const struct windows *w, size_t j, size_t last,
                         enum sliding_operation which, bool real, void *out) {
    int64_t in = s->low, gone = s->low;
    s->middle = SIZE_MAX;
    s->below = 0;
    for (; j <= last; j++) {
        int64_t low = window_low(w, j), high = window_high(w, j);
        while (gone < in && gone < low)
            leave(s, s->rank[gone++ - s->low]);
        if (gone < low)
            gone = in = low; /* no member is left, and those between the windows need not join */
        while (in <= high)
            join(s, s->rank[in++ - s->low]);
        centre(s, high - low + 1);
        answer(s, high - low + 1, which, real, out, j);
        if (j % POLL == 0 && ctx_stop(ctx))
            return ctx_stopped(ctx);
    }
    return STATUS_OK;
}

static median_kernel *median_kernel_for(enum isa isa) {
#if defined(__x86_64__)
    if (isa == ISA_AVX2 || isa_plain(isa) == ISA_AVX512)
        return median_avx2;
#endif
    (void)isa;
    return median_ref;
}

enum sliding_algorithm sliding_median_algorithm(const struct windows *w) {
    return w->k <= MEDIAN_SMALL_K ? SLIDING_ORDERED : SLIDING_RANKS;
}

enum status sliding_median(struct ctx *ctx, const struct array *values, const struct windows *w,
                           enum sliding_operation which, bool real, void *out) {
    if (sliding_median_algorithm(w) == SLIDING_ORDERED)
        return median_kernel_for(ctx->isa)(ctx, values, w, which, real, out);
    struct ctx_mark mark = ctx_mark(ctx);
    enum status status = STATUS_OK;
    for (size_t j = 0, last; j < w->count && status == STATUS_OK; j = last + 1) {
        last = last_of(w, j);
        struct stretch s = {.low = window_low(w, j), .high = window_high(w, last)};
        status = rank_values(ctx, values, &s);
        if (status == STATUS_OK)
            status = slide(ctx, &s, w, j, last, which, real, out);
        ctx_rewind(ctx, mark);
        if (status == STATUS_OK && ctx_stop(ctx))
            status = ctx_stopped(ctx);
    }
    return status;
}
