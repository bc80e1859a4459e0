#include "core/diffusion/conditional.h"

#include <stdlib.h>
#include <string.h>

struct conditional {
    struct denoiser base; /* first: a denoiser pointer is a conditional pointer */
    const struct conditional_part *parts;
    size_t n;
};

static int by_class(const void *a, const void *b) {
    const struct conditional_part *x = a, *y = b;
    return (x->class > y->class) - (x->class < y->class);
}

static const struct denoiser *part_of(const struct conditional *c, int64_t class) {
    const struct conditional_part key = {.class = class}, *part = bsearch(&key, c->parts, c->n, sizeof key, by_class);
    return part->denoiser;
}

/* A row and what is said of it; in a scratch it has the place of two doubles. */
struct row_class {
    int64_t class;
    size_t row;
};
enum { TOLD = sizeof(struct row_class) / sizeof(double), POINT = sizeof(struct path_point) / sizeof(double) };

static int by_class_and_row(const void *a, const void *b) {
    const struct row_class *x = a, *y = b;
    if (x->class != y->class)
        return x->class < y->class ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* A call's scratch, for all of its rows. */
struct space {
    struct row_class *told;
    struct path_point *at;
    double *x, *D, *rest;
};

static struct space lay_out(const struct conditional *c, size_t rows, double *scratch) {
    struct space s = {.told = (struct row_class *)(void *)scratch};
    s.at = (struct path_point *)(void *)(scratch + TOLD * rows);
    s.x = scratch + (TOLD + POINT) * rows;
    s.D = s.x + c->base.d * rows;
    s.rest = s.D + c->base.d * rows;
    return s;
}

/* ask_part has q->rows rows answered by one denoiser: at points of their own (apart), or all at the first. */
static void ask_part(const struct denoiser *part, const struct denoiser_each *q, bool apart, double *scratch) {
    if (apart)
        denoiser_each(part, q, scratch);
    else
        denoiser_eval(part, q->at, NULL, q->rows, q->x, q->D, scratch);
}

/* ask_gathered has the n rows of told[] answered, which lie apart in q. */
static void ask_gathered(const struct denoiser *part, const struct denoiser_each *q, bool apart,
                         const struct row_class *told, size_t n, const struct space *s) {
    const size_t d = part->d;
    const struct denoiser_each of = {.at = apart ? s->at : q->at, .rows = n, .x = s->x, .D = s->D};
    for (size_t i = 0; i < n; i++) {
        memcpy(s->x + i * d, q->x + told[i].row * d, d * sizeof *s->x);
        if (apart)
            s->at[i] = q->at[told[i].row];
    }
    ask_part(part, &of, apart, s->rest);
    for (size_t i = 0; i < n; i++)
        memcpy(q->D + told[i].row * d, s->D + i * d, d * sizeof *s->D);
}

/* ask_group has the n rows of told[] answered, which are of one class and in order. */
static void ask_group(const struct conditional *c, const struct denoiser_each *q, bool apart,
                      const struct row_class *told, size_t n, const struct space *s) {
    const struct denoiser *part = part_of(c, told->class);
    const size_t first = told->row;
    const struct denoiser_each of = {
        .at = apart ? q->at + first : q->at, .rows = n, .x = q->x + first * part->d, .D = q->D + first * part->d};
    if (told[n - 1].row - first == n - 1) /* they lie together as they are */
        ask_part(part, &of, apart, s->rest);
    else
        ask_gathered(part, q, apart, told, n, s);
}

static void ask(const struct conditional *c, const struct denoiser_each *q, bool apart, double *scratch) {
    const struct space s = lay_out(c, q->rows, scratch);
    for (size_t r = 0; r < q->rows; r++)
        s.told[r] = (struct row_class){q->classes[r], r};
    qsort(s.told, q->rows, sizeof *s.told, by_class_and_row);
    for (size_t first = 0, end; first < q->rows; first = end) {
        for (end = first + 1; end < q->rows && s.told[end].class == s.told[first].class;)
            end++;
        ask_group(c, q, apart, s.told + first, end - first, &s);
    }
}

static void eval(const struct denoiser *self, const struct path_point *at, const struct told *told, size_t rows,
                 const double *x, double *out, double *scratch) {
    const struct denoiser_each q = {.at = at, .classes = told->classes, .rows = rows, .x = x, .D = out};
    ask((const struct conditional *)(const void *)self, &q, false, scratch);
}

static void each(const struct denoiser *self, const struct denoiser_each *q, double *scratch) {
    if (q->D)
        ask((const struct conditional *)(const void *)self, q, true, scratch);
}

static size_t greater(size_t a, size_t b) { return a > b ? a : b; }

/* hold_part makes the whole no smaller, and no cheaper, than a part. */
static void hold_part(struct denoiser *whole, const struct denoiser *part) {
    const size_t alone = denoiser_each_scratch(part, 0);
    whole->scratch = greater(whole->scratch, part->scratch);
    whole->scratch_row = greater(whole->scratch_row, part->scratch_row);
    whole->each_scratch = greater(whole->each_scratch, alone);
    whole->each_scratch_row = greater(whole->each_scratch_row, denoiser_each_scratch(part, 1) - alone);
    whole->cost = whole->cost > part->cost ? whole->cost : part->cost;
    whole->together = greater(whole->together, part->together);
}

enum status conditional_make(struct ctx *ctx, const struct conditional_part *parts, size_t n,
                             const struct denoiser **out) {
    struct conditional *c = ctx_zalloc(ctx, 1, sizeof *c);
    if (!c)
        return STATUS_NO_MEMORY;
    const size_t d = parts->denoiser->d, row = TOLD + POINT + 2 * d;
    *c = (struct conditional){.base = {.d = d, .eval = eval, .each = each}, .parts = parts, .n = n};
    for (size_t i = 0; i < n; i++)
        hold_part(&c->base, parts[i].denoiser);
    c->base.scratch_row += row;
    c->base.each_scratch_row += row;
    *out = &c->base;
    return STATUS_OK;
}
