#include "core/heap/heap.h"
#include "core/heap/heap_kernel.h"
#include "tests/support/test.h"

#include <math.h>

static const enum kind KINDS[] = {KIND_INT, KIND_REAL, KIND_STRING};

static struct str text_of(uint64_t x) {
    static char pool[64][8];
    char *p = pool[x % 64];
    int n = snprintf(p, sizeof pool[0], "%s%llu", x % 64 % 3 ? "a" : "", (unsigned long long)(x % 64));
    return (struct str){p, (size_t)n};
}

static struct value value_of(enum kind kind, uint64_t x) {
    struct value v = {.kind = kind};
    if (kind == KIND_INT)
        v.i = (int64_t)(x % 41) - 20;
    else if (kind == KIND_REAL)
        v.r = x % 7 == 0 ? -0.0 : (double)(x % 41) / 4 - 5;
    else
        v.s = text_of(x);
    return v;
}

static struct array array_of(enum kind kind, size_t n, uint64_t *seed) {
    void *data = malloc((n + 1) * sizeof(struct str));
    struct array a = array_1d(kind, data, n);
    for (size_t i = 0; i < n; i++) {
        struct value v = value_of(kind, test_random(seed));
        if (kind == KIND_INT)
            a.ints[i] = v.i;
        else if (kind == KIND_REAL)
            a.reals[i] = v.r;
        else
            a.strings[i] = v.s;
    }
    return a;
}

static bool same_value(const struct value *x, const struct value *y) {
    if (x->kind != y->kind)
        return false;
    if (x->kind == KIND_STRING)
        return x->s.n == y->s.n && memcmp(x->s.p, y->s.p, x->s.n) == 0;
    return x->kind == KIND_NONE || x->i == y->i; /* for reals: their bits */
}

static void assert_same(const struct array *x, const struct array *y) {
    assert_int_equal(x->kind, y->kind);
    assert_int_equal(x->n, y->n);
    for (size_t i = 0; i < x->n; i++) {
        struct value a = array_at(x, i), b = array_at(y, i);
        assert_true(same_value(&a, &b));
    }
}

/* The oracle: before() by the definition, and sorting by insertion, which is stable. */
static bool before(const struct value *x, const struct value *y, bool max) {
    if (max)
        return before(y, x, false);
    if (x->kind == KIND_INT)
        return x->i < y->i;
    if (x->kind == KIND_REAL)
        return x->r < y->r;
    int c = memcmp(x->s.p, y->s.p, x->s.n < y->s.n ? x->s.n : y->s.n);
    return c ? c < 0 : x->s.n < y->s.n;
}

static struct value *sorted_of(const struct array *a, bool max) {
    struct value *v = malloc((a->n + 1) * sizeof *v);
    for (size_t i = 0; i < a->n; i++) {
        struct value x = array_at(a, i);
        size_t at = i;
        for (; at > 0 && before(&x, &v[at - 1], max); at--)
            v[at] = v[at - 1];
        v[at] = x;
    }
    return v;
}

static void assert_is(const struct array *got, const struct value *want, size_t n) {
    assert_int_equal(got->n, n);
    for (size_t i = 0; i < n; i++) {
        struct value x = array_at(got, i);
        assert_true(same_value(&x, &want[i]));
    }
}

static struct heap_operation random_operation(enum kind kind, size_t size, uint64_t *seed) {
    static const enum heap_op OPS[] = {HEAP_PUSH,     HEAP_PUSH,      HEAP_POP,  HEAP_REPLACE, HEAP_PUSHPOP, HEAP_PUSH,
                                       HEAP_NLARGEST, HEAP_NSMALLEST, HEAP_SORT, HEAP_CHECK,   HEAP_HEAPIFY};
    struct heap_operation o = {.op = OPS[test_below(seed, COUNT(OPS))]};
    if (size == 0 && (o.op == HEAP_POP || o.op == HEAP_REPLACE))
        o.op = HEAP_PUSH;
    if (o.op == HEAP_PUSH || o.op == HEAP_REPLACE || o.op == HEAP_PUSHPOP)
        o.value = value_of(kind, test_random(seed));
    o.has_n = o.op == HEAP_NLARGEST || o.op == HEAP_NSMALLEST;
    o.n = o.has_n ? (int64_t)test_below(seed, size + 3) : 0;
    return o;
}

/* replay makes a trace's writes on its initial values and wants the heap. */
static void replay(const struct trace *t, const struct array *heap) {
    struct value v[TRACE_MAX_VALUES];
    size_t n = t->initial.n;
    for (size_t i = 0; i < n; i++)
        v[i] = array_at(&t->initial, i);
    assert_int_equal(t->n, t->total);
    for (size_t s = 0; s < t->n; s++) {
        const struct trace_step *step = &t->steps[s];
        if (strcmp(step->op, "push") == 0)
            assert_int_equal(step->at[0], n++);
        if (strcmp(step->op, "pop") == 0)
            assert_int_equal(step->at[0], --n);
        bool writes = !strcmp(step->op, "push") || !strcmp(step->op, "set") || !strcmp(step->op, "swap");
        for (size_t i = 0; writes && i < step->n_at; i++)
            v[step->at[i]] = array_at(&step->values, i);
    }
    assert_is(heap, v, n);
}

/* check_results follows the operations on a bag of values, which knows nothing of layouts. */
static void check_extremes(const struct array *heap, const struct heap_operation *o, const struct heap_result *r) {
    struct value *want = sorted_of(heap, o->op == HEAP_NLARGEST);
    assert_is(&r->values, want, (size_t)o->n < heap->n ? (size_t)o->n : heap->n);
    free(want);
}

static void run_one(enum kind kind, bool max, size_t n, size_t n_operations, uint64_t *seed) {
    struct array values = array_of(kind, n, seed);
    struct heap_operation ops[200] = {{.op = HEAP_HEAPIFY}};
    size_t size = n;
    for (size_t i = 1; i < n_operations; i++) {
        ops[i] = random_operation(kind, size, seed);
        size += (ops[i].op == HEAP_PUSH) - (size_t)(ops[i].op == HEAP_POP);
    }
    struct ctx ctx;
    ctx_init(&ctx, (size_t)1 << 28);
    struct heap_out fast, traced, prefix;
    struct heap_in in = {values, max, ops, n_operations, 0}, watched = {values, max, ops, n_operations, 10000000};
    assert_int_equal(heap_solve(&ctx, &in, &fast), STATUS_OK);
    assert_int_equal(heap_solve(&ctx, &watched, &traced), STATUS_OK);
    assert_same(&fast.heap, &traced.heap);
    assert_int_equal(fast.heap.n, size);
    assert_int_equal(heap_kernel_of(kind, max)->violation(fast.heap.data, size), size);
    replay(&traced.trace, &traced.heap);
    for (size_t i = 0; i < n_operations; i++) {
        const struct heap_result *x = &fast.results[i], *y = &traced.results[i];
        assert_true(same_value(&x->value, &y->value));
        assert_same(&x->values, &y->values);
        assert_int_equal(x->has_valid, ops[i].op == HEAP_CHECK);
        assert_true(!x->has_valid || (x->valid && y->valid && !x->has_at));
        in.n_operations = i; /* the heap before operation i */
        assert_int_equal(heap_solve(&ctx, &in, &prefix), STATUS_OK);
        struct value *order = sorted_of(&prefix.heap, max);
        if (ops[i].op == HEAP_NLARGEST || ops[i].op == HEAP_NSMALLEST)
            check_extremes(&prefix.heap, &ops[i], x);
        else if (ops[i].op == HEAP_POP || ops[i].op == HEAP_REPLACE)
            assert_true(!before(&order[0], &x->value, max) && !before(&x->value, &order[0], max));
        else if (ops[i].op == HEAP_PUSHPOP)
            assert_true(!prefix.heap.n || !before(&order[0], &x->value, max));
        in.n_operations = i + 1;
        assert_int_equal(heap_solve(&ctx, &in, &prefix), STATUS_OK);
        if (ops[i].op == HEAP_SORT)
            assert_is(&prefix.heap, order, prefix.heap.n);
        free(order);
    }
    ctx_release(&ctx);
    free(values.data);
}

static void random_operations_agree_with_definitions_and_traces(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (size_t round = 0; round < 40; round++)
        for (size_t k = 0; k < COUNT(KINDS); k++)
            for (int max = 0; max < 2; max++)
                run_one(KINDS[k], max, test_below(&seed, 2 + round), 2 + test_below(&seed, 40), &seed);
}

/* Layouts of large heaps: subtree by subtree gives what level by level gives. */
static void heapify_in_any_size_is_that_of_the_definition(void **state) {
    (void)state;
    static const size_t SIZES[] = {0, 1, 2, 3, 4095, 4096, 4097, 8191, 8192, 8193, 12287, 16384, 20000, 65537, 100003};
    uint64_t seed = 2;
    for (size_t s = 0; s < COUNT(SIZES); s++) {
        size_t n = SIZES[s];
        for (int max = 0; max < 2; max++) {
            const struct heap_kernel *kernel = heap_kernel_of(KIND_INT, max);
            int64_t *a = malloc((n + 1) * sizeof *a), *b = malloc((n + 1) * sizeof *b);
            for (size_t i = 0; i < n; i++)
                a[i] = b[i] = (int64_t)test_below(&seed, s % 2 ? 100 : UINT64_MAX);
            struct ctx ctx;
            ctx_init(&ctx, 1 << 20);
            kernel->heapify(&ctx, a, n);
            for (size_t i = n / 2; i > 0; i--)
                kernel->down(b, n, i - 1);
            assert_memory_equal(a, b, n * sizeof *a);
            assert_int_equal(kernel->violation(a, n), n);
            ctx_release(&ctx);
            free(a);
            free(b);
        }
    }
}

static void extremes_of_many(void **state) {
    (void)state;
    static const int64_t COUNTS[] = {0, 1, 10, 700, 1249, 1250, 2499, 5000, 9000, INT64_MAX};
    uint64_t seed = 3;
    for (size_t k = 0; k < COUNT(KINDS); k++) {
        struct array values = array_of(KINDS[k], 5000, &seed);
        for (size_t c = 0; c < 2 * COUNT(COUNTS); c++) {
            struct heap_operation o = {.op = c % 2 ? HEAP_NLARGEST : HEAP_NSMALLEST, .has_n = true, .n = COUNTS[c / 2]};
            struct heap_in in = {values, false, &o, 1, 0};
            struct heap_out out;
            struct ctx ctx;
            ctx_init(&ctx, 1 << 24);
            assert_int_equal(heap_solve(&ctx, &in, &out), STATUS_OK);
            check_extremes(&values, &o, out.results);
            assert_same(&out.heap, &values);
            ctx_release(&ctx);
        }
        free(values.data);
    }
}

/* Merging: the values in order, of equal ones (-0.0 and 0.0) those of the earlier input first. */
static void merge_one(enum kind kind, bool max, size_t k, uint64_t *seed) {
    struct heap_input inputs[20];
    struct array all = array_of(kind, 0, seed);
    all.data = realloc(all.data, (k * 30 + 1) * sizeof(struct str));
    size_t size = heap_kernel_of(kind, max)->size;
    for (size_t j = 0; j < k; j++) {
        struct array a = array_of(kind, test_below(seed, 3) ? test_below(seed, 30) : 0, seed);
        struct heap_operation sort = {.op = HEAP_SORT};
        struct heap_in in = {a, max, &sort, 1, 0};
        struct heap_out out;
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(heap_solve(&ctx, &in, &out), STATUS_OK);
        memcpy(a.data, out.heap.data, a.n * size);
        memcpy((char *)all.data + all.n * size, a.data, a.n * size);
        all.n += a.n;
        inputs[j] = (struct heap_input){.values = a};
        ctx_release(&ctx);
    }
    struct value *want = sorted_of(&all, max);
    for (size_t traced = 0; traced < 2; traced++) {
        struct heap_operation o = {.op = HEAP_MERGE, .inputs = inputs, .n_inputs = k};
        struct heap_in in = {array_1d(kind, NULL, 0), max, &o, 1, traced * 10000};
        struct heap_out out;
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(heap_solve(&ctx, &in, &out), STATUS_OK);
        assert_is(&out.results[0].values, want, all.n);
        for (size_t i = 0; traced && i < all.n; i++) {
            const struct trace_var *vars = out.trace.steps[i + 1].vars;
            assert_string_equal(out.trace.steps[i + 1].op, "take");
            struct value x = array_at(&inputs[vars[0].value.i].values, (size_t)vars[1].value.i);
            assert_true(same_value(&x, &want[i]));
        }
        ctx_release(&ctx);
    }
    for (size_t j = 0; j < k; j++)
        free(inputs[j].values.data);
    free(want);
    free(all.data);
}

static void merging(void **state) {
    (void)state;
    uint64_t seed = 4;
    for (size_t k = 0; k <= 20; k++)
        for (size_t kind = 0; kind < COUNT(KINDS); kind++)
            for (size_t round = 0; round < 6; round++)
                merge_one(KINDS[kind], round % 2, k, &seed);
}

static void checks_name_the_first_violation(void **state) {
    (void)state;
    int64_t a[] = {1, 5, 2, 6, 4, 1, 9};
    struct heap_operation o[] = {{.op = HEAP_CHECK}};
    for (size_t traced = 0; traced < 2; traced++) {
        struct heap_in in = {array_1d(KIND_INT, a, 7), false, o, 1, traced * 100};
        struct heap_out out;
        struct ctx ctx;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(heap_solve(&ctx, &in, &out), STATUS_OK);
        assert_true(out.results[0].has_valid && !out.results[0].valid && out.results[0].has_at);
        assert_int_equal(out.results[0].at, 4);
        in.max = true;
        assert_int_equal(heap_solve(&ctx, &in, &out), STATUS_OK);
        assert_int_equal(out.results[0].at, 1);
        ctx_release(&ctx);
    }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    uint64_t seed = 5;
    struct array values = array_of(KIND_REAL, 900, &seed);
    int64_t ints[] = {1, 2};
    double reals[] = {0.5};
    struct heap_input inputs[] = {{array_1d(KIND_INT, ints, 2)}, {array_1d(KIND_REAL, reals, 1)}};
    struct heap_operation o[] = {{.op = HEAP_PUSH, .value = trace_int(3)},
                                 {.op = HEAP_NLARGEST, .has_n = true, .n = 10},
                                 {.op = HEAP_NSMALLEST, .has_n = true, .n = 800},
                                 {.op = HEAP_MERGE, .inputs = inputs, .n_inputs = 2},
                                 {.op = HEAP_SORT}};
    for (size_t traced = 0; traced < 2; traced++) {
        enum status status = STATUS_NO_MEMORY;
        for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
            struct heap_in in = {values, false, o, COUNT(o), traced * 50};
            struct heap_out out;
            struct ctx ctx;
            ctx_init(&ctx, 1 << 24);
            ctx.fail_after = fail_after;
            status = heap_solve(&ctx, &in, &out);
            assert_true(status == STATUS_OK || (status == STATUS_NO_MEMORY && ctx.err.detail[0]));
            ctx_release(&ctx);
            assert_in_range(fail_after, 0, 10000);
        }
    }
    free(values.data);
}

static void a_stopped_host_is_obeyed(void **state) {
    (void)state;
    atomic_int stop = STOP_CANCEL;
    size_t n = (size_t)3 << 20;
    int64_t *a = calloc(n, sizeof *a);
    struct heap_operation o[] = {{.op = HEAP_HEAPIFY}, {.op = HEAP_CHECK}};
    struct heap_in in = {array_1d(KIND_INT, a, n), false, o, 2, 0};
    struct heap_out out;
    struct ctx ctx;
    ctx_init(&ctx, (size_t)1 << 28);
    ctx.stop = &stop;
    assert_int_equal(heap_solve(&ctx, &in, &out), STATUS_CANCELLED);
    in.operations = &o[1]; /* one long check alone */
    in.n_operations = 1;
    assert_int_equal(heap_solve(&ctx, &in, &out), STATUS_CANCELLED);
    in = (struct heap_in){array_1d(KIND_INT, a, 9000), false, o, 1, 0}; /* few, but a heap that is half made is none */
    assert_int_equal(heap_solve(&ctx, &in, &out), STATUS_CANCELLED);
    ctx_release(&ctx);
    free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_agree_with_definitions_and_traces),
        cmocka_unit_test(heapify_in_any_size_is_that_of_the_definition),
        cmocka_unit_test(extremes_of_many),
        cmocka_unit_test(merging),
        cmocka_unit_test(checks_name_the_first_violation),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_stopped_host_is_obeyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
