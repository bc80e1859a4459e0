/* Long arrays, which are read and written in pieces on several threads: the same as by one thread, wherever the borders
 * of the pieces fall (every 64 KiB of text, every 4096 numbers). */
#include "handlers/number.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

enum { N = 100000, BOTH = KIND_INT | KIND_REAL };

static size_t runs; /* of counting */

static void count_run(struct parallel *self, size_t n, void (*body)(void *arg, size_t i), void *arg) {
    struct parallel threads = test_threads(self->threads);
    runs++;
    threads.run(&threads, n, body, arg);
}

static struct parallel counting(size_t threads) { return (struct parallel){.threads = threads, .run = count_run}; }

/* A text with the places of its elements. */
struct text {
    char *p;
    size_t n;
    size_t *at; /* [N] */
    int64_t *values;
};

/* make_text writes N integers of 1 to `digits` digits behind `pad` spaces, some with spaces around. */
static struct text make_text(size_t pad, unsigned digits, bool spaces) {
    static const int64_t powers[] = {1, 10, 1000000, INT64_C(10000000000), INT64_C(1000000000000000000)};
    struct text t = {.p = malloc(N * 25 + pad + 2), .at = malloc(N * sizeof *t.at), .values = malloc(N * 8)};
    uint64_t random = pad + digits;
    memset(t.p, ' ', pad);
    t.n = pad;
    for (size_t i = 0; i < N; i++) {
        t.p[t.n++] = i ? ',' : '[';
        if (spaces && test_below(&random, 4) == 0)
            t.p[t.n++] = '\n';
        t.values[i] = (int64_t)test_random(&random) % powers[test_below(&random, digits) + 1];
        t.at[i] = t.n;
        t.n += (size_t)sprintf(t.p + t.n, "%lld", (long long)t.values[i]);
        if (spaces && test_below(&random, 4) == 0)
            t.p[t.n++] = ' ';
    }
    t.p[t.n++] = ']';
    return t;
}

static void free_text(struct text *t) {
    free(t->p);
    free(t->at);
    free(t->values);
}

static enum number_error read_with(struct ctx *ctx, struct parallel *parallel, const struct text *t, unsigned kinds,
                                   size_t most, struct array *out, struct number_place *place) {
    struct numbers_want want = {kinds, 2, most};
    char *exact = malloc(t->n); /* so that a byte read too far is found */
    memcpy(exact, t->p, t->n);
    ctx_init(ctx, 64 << 20);
    ctx->parallel = parallel;
    enum number_error error = numbers_read(ctx, exact, t->n, &want, out, place);
    free(exact);
    return error;
}

static void all_borders_are_read(void **state) {
    (void)state;
    struct parallel threads = counting(3);
    for (size_t pad = 0; pad < 24; pad++) {
        struct text t = make_text(pad, 1 + pad % 4, pad % 3 == 0);
        struct ctx ctx;
        struct array a;
        struct number_place place;
        runs = 0;
        assert_int_equal(read_with(&ctx, &threads, &t, BOTH, N, &a, &place), NUMBER_OK);
        assert_true(runs >= 2); /* to count and to read */
        assert_true(a.kind == KIND_INT && a.dims == 1 && a.shape[0] == N && a.n == N);
        assert_memory_equal(a.ints, t.values, N * 8);
        ctx_release(&ctx);
        free_text(&t);
    }
}

/* A piece in which no number ends, at the front, in the middle and at the end. */
static void empty_pieces_are_passed(void **state) {
    (void)state;
    enum { GAP = 200 << 10 };
    static const char *const FORMS[] = {"%*s[1,2,3]", "[%*s1,2,3]", "[1,%*s2,3]", "[1,2,%*s3]",
                                        "[1,2,3%*s]", "[1,2,3]%*s", "[%*s1]"};
    struct parallel threads = test_threads(3);
    for (size_t i = 0; i < COUNT(FORMS); i++) {
        struct text t = {.p = malloc(GAP + 16)};
        t.n = (size_t)sprintf(t.p, FORMS[i], GAP, "");
        struct ctx ctx;
        struct array a;
        struct number_place place;
        assert_int_equal(read_with(&ctx, &threads, &t, BOTH, 3, &a, &place), NUMBER_OK);
        assert_int_equal(a.n, i == 6 ? 1 : 3);
        for (size_t k = 0; k < a.n; k++)
            assert_int_equal(a.ints[k], k + 1);
        ctx_release(&ctx);
        free(t.p);
    }
}

static void one_real_makes_all_reals(void **state) {
    (void)state;
    struct parallel threads = test_threads(3);
    static const size_t PLACES[] = {0, 1, N / 2, N - 1};
    for (size_t k = 0; k < COUNT(PLACES); k++) {
        struct text t = make_text(0, 3, false);
        size_t i = PLACES[k];
        t.p[t.at[i]] = '0';
        if (t.p[t.at[i] + 1] != ',' && t.p[t.at[i] + 1] != ']')
            t.p[t.at[i] + 1] = t.p[t.at[i] + 2] == ',' || t.p[t.at[i] + 2] == ']' ? ' ' : '.';
        struct ctx one, many;
        struct array a, b;
        struct number_place place;
        assert_int_equal(read_with(&one, NULL, &t, BOTH, N, &a, &place), NUMBER_OK);
        assert_int_equal(read_with(&many, &threads, &t, BOTH, N, &b, &place), NUMBER_OK);
        assert_int_equal(a.kind, b.kind);
        for (size_t j = 0; j < N; j++)
            if (j != i)
                assert_true(b.kind == KIND_INT ? b.ints[j] == t.values[j] : b.reals[j] == (double)t.values[j]);
        ctx_release(&one);
        ctx_release(&many);
        assert_int_equal(read_with(&many, &threads, &t, KIND_REAL, N, &b, &place), NUMBER_OK);
        assert_int_equal(b.kind, KIND_REAL);
        ctx_release(&many);
        free_text(&t);
    }
}

/* Of several errors the first is told, with its place. */
static void the_first_error_is_told(void **state) {
    (void)state;
    static const struct {
        char byte;
        enum number_error error;
    } WRONG[] = {{'x', NUMBER_SYNTAX}, {'[', NUMBER_TOO_MANY}, {']', NUMBER_SYNTAX}, {'"', NUMBER_SYNTAX}};
    struct parallel threads = test_threads(3);
    uint64_t random = 7;
    for (size_t round = 0; round < 24; round++) {
        struct text t = make_text(round, 4, false);
        size_t k = round % COUNT(WRONG), first = test_below(&random, N);
        t.p[t.at[first]] = WRONG[k].byte;
        for (int more = 0; more < 3; more++)
            t.p[t.at[first + test_below(&random, N - first)]] = WRONG[k].byte;
        struct ctx ctx;
        struct array a;
        struct number_place place;
        struct numbers_want want = {BOTH, 1, N};
        ctx_init(&ctx, 64 << 20);
        ctx.parallel = &threads;
        assert_int_equal(numbers_read(&ctx, t.p, t.n, &want, &a, &place), WRONG[k].error);
        assert_true(place.offset == t.at[first] && place.dims == 1 && place.index[0] == first);
        assert_int_equal(a.kind, KIND_NONE);
        ctx_release(&ctx);
        free_text(&t);
    }
}

/* What ends each piece's last number is looked at too. */
static void junk_at_a_border_is_an_error(void **state) {
    (void)state;
    enum { BORDER = 64 << 10 };
    struct parallel threads = test_threads(3);
    struct text t = make_text(0, 4, false);
    for (size_t j = 0, b = BORDER; j + 1 < N; j++) {
        size_t junk = t.at[j + 1] - 2;
        if (junk + 1 < b)
            continue;
        b += BORDER;
        if (junk < t.at[j] + 2)
            continue;
        struct ctx ctx;
        struct array a;
        struct number_place place;
        char digit = t.p[junk];
        t.p[junk] = 'x';
        assert_int_equal(read_with(&ctx, &threads, &t, BOTH, N, &a, &place), NUMBER_SYNTAX);
        assert_int_equal(place.offset, junk);
        ctx_release(&ctx);
        t.p[junk] = digit;
    }
    free_text(&t);
}

static void broken_ends_are_errors(void **state) {
    (void)state;
    struct parallel threads = test_threads(3);
    struct text t = make_text(0, 4, false);
    struct ctx ctx;
    struct array a;
    struct number_place place;
    t.n--;
    assert_int_equal(read_with(&ctx, &threads, &t, BOTH, N, &a, &place), NUMBER_SYNTAX);
    assert_int_equal(place.offset, t.n);
    ctx_release(&ctx);
    t.p[t.n] = ',';
    t.n++;
    assert_int_equal(read_with(&ctx, &threads, &t, BOTH, N + 1, &a, &place), NUMBER_SYNTAX);
    ctx_release(&ctx);
    memcpy(t.p + t.n - 1, "]]", 2);
    t.n++;
    assert_int_equal(read_with(&ctx, &threads, &t, BOTH, N, &a, &place), NUMBER_SYNTAX);
    assert_int_equal(place.offset, t.n - 1);
    ctx_release(&ctx);
    free_text(&t);
}

static void limits_hold_exactly(void **state) {
    (void)state;
    struct parallel threads = test_threads(3);
    struct text t = make_text(0, 4, false);
    struct ctx ctx;
    struct array a;
    struct number_place place;
    assert_int_equal(read_with(&ctx, &threads, &t, BOTH, N, &a, &place), NUMBER_OK);
    size_t used = ctx.used;
    ctx_release(&ctx);
    assert_int_equal(read_with(&ctx, NULL, &t, BOTH, N, &a, &place), NUMBER_OK);
    assert_int_equal(ctx.used, used); /* threads need no memory of the request */
    ctx_release(&ctx);
    assert_int_equal(read_with(&ctx, &threads, &t, BOTH, N - 1, &a, &place), NUMBER_TOO_MANY);
    assert_int_equal(place.index[0], N - 1);
    ctx_release(&ctx);
    ctx_init(&ctx, 64 << 20);
    ctx.parallel = &threads;
    ctx.fail_after = 0;
    struct numbers_want want = {BOTH, 1, N};
    assert_int_equal(numbers_read(&ctx, t.p, t.n, &want, &a, &place), NUMBER_MEMORY);
    ctx_release(&ctx);
    free_text(&t);
}

static void write_both(const struct array *a, void (*write)(struct buf *b, const struct array *a), bool threaded) {
    struct parallel threads = counting(3);
    struct buf one, many, tight, less;
    buf_init(&one, 64 << 20);
    write(&one, a);
    buf_init(&many, 64 << 20);
    buf_text(&many, "before"); /* what is there stays */
    many.parallel = &threads;
    runs = 0;
    write(&many, a);
    assert_int_equal(runs > 0, threaded);
    assert_true(!one.failed && !many.failed && many.n == one.n + 6);
    assert_memory_equal(many.data + 6, one.data, one.n);
    buf_init(&tight, one.n);
    tight.parallel = &threads;
    write(&tight, a);
    assert_true(!tight.failed && tight.n == one.n && memcmp(tight.data, one.data, one.n) == 0);
    buf_init(&less, one.n - 1);
    less.parallel = &threads;
    write(&less, a);
    assert_true(less.failed);
    buf_release(&one);
    buf_release(&many);
    buf_release(&tight);
    buf_release(&less);
}

static void threads_write_the_same(void **state) {
    (void)state;
    enum { MANY = 1 << 16, PIECE = 4096 };
    static const size_t SIZES[] = {MANY - 1, MANY, MANY + 1, MANY + 2, MANY + PIECE, MANY + PIECE + 1, 2 * MANY + 5};
    int64_t *values = malloc((2 * MANY + 5) * sizeof *values);
    uint64_t random = 3;
    for (size_t k = 0; k < 2 * COUNT(SIZES); k++) {
        size_t n = SIZES[k / 2];
        for (size_t i = 0; i < n; i++)
            values[i] = k % 4 == 2 ? INT64_MIN : (int64_t)test_random(&random) >> test_below(&random, 64);
        struct array a = array_1d(k % 2 ? KIND_REAL : KIND_INT, values, n); /* any bits, NaN too */
        write_both(&a, numbers_write, n >= MANY);
        write_both(&a, numbers_write_lines, n >= MANY);
    }
    struct array rows = {.kind = KIND_INT, .dims = 2, .shape = {2, MANY}, .n = 2 * MANY, .ints = values};
    write_both(&rows, numbers_write, true);
    write_both(&rows, numbers_write_lines, true);
    free(values);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_borders_are_read),         cmocka_unit_test(empty_pieces_are_passed),
        cmocka_unit_test(one_real_makes_all_reals),     cmocka_unit_test(the_first_error_is_told),
        cmocka_unit_test(junk_at_a_border_is_an_error), cmocka_unit_test(broken_ends_are_errors),
        cmocka_unit_test(limits_hold_exactly),          cmocka_unit_test(threads_write_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
