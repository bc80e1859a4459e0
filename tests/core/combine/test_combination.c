/* Against lists made by trying everything, counts by schoolbook addition of decimals, and published numbers. */
#include "core/combine/combination.h"
#include "core/combine/combination_count.h"
#include "core/combine/combination_cursor.h"
#include "core/combine/combination_walk.h"
#include "tests/support/test.h"

enum { LONGEST = 24, MOST = 70000 };

struct list {
    size_t n;
    struct one {
        size_t n;
        int64_t key[LONGEST]; /* value * KEYS + index */
        int64_t v[LONGEST];   /* what a row shows */
        int64_t token[LONGEST];
    } * one;
};

enum { KEYS = 16 };

static int compare_ints(const void *x, const void *y) {
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

/* compare_by compares lexicographically what stands in keys over `unit`: values with KEYS, items with 1. */
static int compare_by(const struct one *a, const struct one *b, int64_t unit) {
    for (size_t i = 0; i < a->n && i < b->n; i++)
        if (a->key[i] / unit != b->key[i] / unit)
            return a->key[i] / unit < b->key[i] / unit ? -1 : 1;
    return (a->n > b->n) - (a->n < b->n);
}

static int by_item(const void *x, const void *y) { return compare_by(x, y, 1); }

static int by_value(const void *x, const void *y) {
    int values = compare_by(x, y, KEYS);
    return values ? values : by_item(x, y);
}

static int backwards(const void *x, const void *y) { return by_item(y, x); }

static int shorter(const void *x, const void *y) {
    const struct one *a = x, *b = y;
    return a->n != b->n ? (a->n < b->n ? -1 : 1) : by_item(x, y);
}

static int longer(const void *x, const void *y) {
    const struct one *a = x, *b = y;
    return a->n != b->n ? (a->n > b->n ? -1 : 1) : by_item(x, y);
}

/* try_all tries every sequence (reuse) or every subset, keeps those of the right sum and length, sorts, drops
 * equals. */
static void try_sequences(const struct combination_in *in, struct one *now, int64_t sum, struct list *list) {
    if (sum == in->target)
        list->one[list->n++] = *now;
    for (size_t i = 0; i < in->n; i++)
        if (sum + in->candidates[i] <= in->target) {
            now->key[now->n++] = in->candidates[i] * KEYS + (int64_t)i;
            try_sequences(in, now, sum + in->candidates[i], list);
            now->n--;
        }
}

static void try_subsets(const struct combination_in *in, struct list *list) {
    for (unsigned set = 0; set < 1u << in->n; set++) {
        struct one now = {0};
        int64_t sum = 0;
        for (size_t i = 0; i < in->n; i++)
            if (set >> i & 1) {
                sum += in->candidates[i];
                now.key[now.n++] = in->candidates[i] * KEYS + (int64_t)i;
            }
        if (sum == in->target)
            list->one[list->n++] = now;
    }
}

/* finish writes what rows show, and tokens: values, or the places of items in order. */
static void finish(const struct combination_in *in, struct one *one) {
    for (size_t i = 0; i < one->n; i++) {
        int64_t place = 0;
        for (size_t j = 0; j < in->n; j++)
            place += in->candidates[j] * KEYS + (int64_t)j < one->key[i];
        one->v[i] = in->indices ? one->key[i] % KEYS : one->key[i] / KEYS;
        one->token[i] = in->distinct ? place : one->key[i] / KEYS;
    }
}

static struct list try_all(const struct combination_in *in) {
    static int (*const ORDERS[])(const void *, const void *) = {by_item, backwards, shorter, longer};
    struct list list = {0, malloc(MOST * sizeof *list.one)};
    struct one none = {0};
    if (in->reuse)
        try_sequences(in, &none, 0, &list);
    else
        try_subsets(in, &list);
    assert_in_range(list.n, 0, MOST - 1);
    size_t kept = 0;
    for (size_t i = 0; i < list.n; i++)
        if (!in->ordered && list.one[i].n)
            qsort(list.one[i].key, list.one[i].n, sizeof(int64_t), compare_ints);
    qsort(list.one, list.n, sizeof *list.one, by_value);
    for (size_t i = 0; i < list.n; i++)
        if ((int64_t)list.one[i].n >= in->min_length && (int64_t)list.one[i].n <= in->max_length &&
            (kept == 0 || compare_by(&list.one[kept - 1], &list.one[i], in->distinct ? 1 : KEYS) != 0))
            list.one[kept++] = list.one[i];
    list.n = kept;
    for (size_t i = 0; i < kept; i++)
        finish(in, &list.one[i]);
    qsort(list.one, list.n, sizeof *list.one, ORDERS[in->order]);
    return list;
}

static void expect_rows(const struct rows *rows, const struct list *list, size_t from, size_t n) {
    assert_int_equal(rows->n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(rows->start[i + 1] - rows->start[i], list->one[from + i].n);
        assert_memory_equal(rows->values + rows->start[i], list->one[from + i].v, list->one[from + i].n * 8);
    }
}

static struct combination_out solve(struct ctx *ctx, const struct combination_in *in,
                                    const struct combination_page *page) {
    struct combination_out out;
    enum status status = combination_solve(ctx, in, page, &out);
    if (status != STATUS_OK)
        fail_msg("%s: %s", ctx->err.pointer, ctx->err.detail);
    return out;
}

/* What combination_page.row gets, compared with the list. */
struct listener {
    const struct list *list;
    size_t n, at_most; /* at_most: fails when it is asked for more */
    const int64_t *values;
};

static enum status listen(void *self, const int64_t *values, size_t n, size_t kept) {
    struct listener *l = self;
    if (l->n == l->at_most)
        return STATUS_INTERNAL;
    const struct one *want = &l->list->one[l->n], *before = l->n ? want - 1 : NULL;
    assert_int_equal(n, want->n);
    assert_memory_equal(values, want->v, n * 8);
    assert_true(kept <= n && kept <= (before ? before->n : 0));
    assert_true(kept == 0 || memcmp(before->v, values, kept * 8) == 0);
    l->n++;
    return STATUS_OK;
}

static void rows_are_handed_over(const struct combination_in *in, const struct list *list) {
    for (size_t limit = 1; limit <= list->n + 1; limit += 1 + list->n / 3) {
        struct ctx ctx;
        struct listener listener = {.list = list, .at_most = SIZE_MAX};
        struct combination_page page = {.list = true, .limit = (int64_t)limit, .row = listen, .row_self = &listener};
        struct combination_out out;
        ctx_init(&ctx, 16 << 20);
        assert_int_equal(combination_solve(&ctx, in, &page, &out), STATUS_OK);
        assert_int_equal(listener.n, limit < list->n ? limit : list->n);
        assert_int_equal(out.rows.n, listener.n);
        assert_int_equal(out.next_cursor.p != NULL, limit < list->n);
        assert_false(out.cut);
        listener = (struct listener){.list = list, .at_most = limit / 2};
        assert_int_equal(combination_solve(&ctx, in, &page, &out),
                         list->n > limit / 2 && limit > limit / 2 ? STATUS_INTERNAL : STATUS_OK);
        ctx_release(&ctx);
    }
}

static void whole_list_and_count(const struct combination_in *in, const struct list *list) {
    struct ctx ctx;
    ctx_init(&ctx, 16 << 20);
    struct combination_out out =
        solve(&ctx, in, &(struct combination_page){.list = true, .count = true, .limit = COMBINATION_MAX_LIMIT});
    expect_rows(&out.rows, list, 0, list->n);
    assert_null(out.next_cursor.p);
    rows_are_handed_over(in, list);
    assert_int_equal(out.count.kind, KIND_INT);
    assert_int_equal(out.count.i, list->n);
    ctx_release(&ctx);
}

static void pages_make_the_list(const struct combination_in *in, const struct list *list, int64_t limit) {
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct combination_page page = {.list = true, .limit = limit};
    size_t at = 0;
    do {
        struct combination_out out = solve(&ctx, in, &page);
        size_t n = list->n - at < (size_t)limit ? list->n - at : (size_t)limit;
        expect_rows(&out.rows, list, at, n);
        assert_int_equal(out.count.kind, KIND_NONE);
        at += n;
        page.cursor = out.next_cursor;
        assert_int_equal(page.cursor.p != NULL, at < list->n);
    } while (page.cursor.p);
    ctx_release(&ctx);
}

static void offsets_begin_anywhere(const struct combination_in *in, const struct list *list, size_t step) {
    for (size_t i = 0; i <= list->n; i += step) {
        struct ctx ctx;
        ctx_init(&ctx, 16 << 20);
        char digits[24];
        snprintf(digits, sizeof digits, "%zu", i);
        struct value offset = {.kind = KIND_INT, .i = (int64_t)i};
        if (i % 2)
            offset = (struct value){.kind = KIND_STRING, .s = {digits, strlen(digits)}};
        struct combination_out out =
            solve(&ctx, in, &(struct combination_page){.list = true, .limit = 2, .offset = offset});
        expect_rows(&out.rows, list, i, list->n - i < 2 ? list->n - i : 2);
        assert_int_equal(out.next_cursor.p != NULL, i + 2 < list->n);
        ctx_release(&ctx);
    }
}

static void ranks_come_back(const struct combination_in *in, const struct list *list, size_t step) {
    for (size_t i = 0; i < list->n; i += step) {
        struct ctx ctx;
        struct combination_plan plan;
        struct combination_count count;
        uint64_t rank[1] = {UINT64_MAX}; /* all small counts here have one limb */
        ctx_init(&ctx, 16 << 20);
        assert_int_equal(combination_plan_make(&ctx, in, &plan), STATUS_OK);
        assert_int_equal(combination_count_make(&ctx, &plan, true, &count), STATUS_OK);
        assert_int_equal(count.width, 1);
        assert_int_equal(combination_rank(&ctx, &count, list->one[i].token, list->one[i].n, rank), STATUS_OK);
        assert_int_equal(rank[0], i);
        ctx_release(&ctx);
    }
}

static void check_all(const struct combination_in *in) {
    struct list list = try_all(in);
    size_t step = list.n / 40 + 1;
    whole_list_and_count(in, &list);
    if (list.n < 3000) {
        pages_make_the_list(in, &list, 1 + (int64_t)(list.n / 30));
        pages_make_the_list(in, &list, (int64_t)list.n ? (int64_t)list.n : 1);
    }
    offsets_begin_anywhere(in, &list, step);
    ranks_come_back(in, &list, step);
    free(list.one);
}

static void small_inputs_are_as_if_all_were_tried(void **state) {
    (void)state;
    uint64_t random = 7, chance = 8; /* chance: of zeros */
    for (int round = 0; round < 2400; round++) {
        int64_t candidates[9];
        bool reuse = round % 3 != 0, ordered = round % 3 == 2;
        struct combination_in in = {.candidates = candidates, .reuse = reuse, .ordered = ordered};
        in.order = (enum combination_order)(round / 3 % 4);
        in.distinct = round / 12 % 3 == 0;
        in.indices = round / 36 % 2;
        in.n = test_below(&random, reuse ? 5 : 10);
        in.target = (int64_t)test_below(&random, reuse ? in.distinct ? 9 : 13 : 30);
        int64_t factor = round % 5 == 0 ? 1000000007 : 1, least = 1 + (int64_t)test_below(&random, 3);
        for (size_t i = 0; i < in.n; i++)
            candidates[i] = factor * (least + (int64_t)test_below(&random, reuse ? 6 : 9));
        bool zeros = !reuse && round / 6 % 2;
        for (size_t i = 0; i < in.n && zeros; i++)
            candidates[i] *= test_below(&chance, 3) > 0;
        in.target *= zeros && test_below(&chance, 4) == 0 ? 0 : factor;
        in.min_length = test_below(&random, 2) ? (int64_t)test_below(&random, 6) : 0;
        in.max_length = test_below(&random, 2) ? in.min_length + (int64_t)test_below(&random, 6) : INT64_MAX;
        check_all(&in);
    }
}

/* -- Counts -- */

/* Decimals by schoolbook, base 10^9, least first: another arithmetic than the one that is tested. */
enum { WORDS = 40 };
struct decimal {
    size_t n; /* words in use; those behind are 0 */
    uint32_t word[WORDS];
};

static void decimal_add(struct decimal *a, const struct decimal *b) {
    uint32_t carry = 0;
    size_t n = a->n > b->n ? a->n : b->n;
    for (size_t i = 0; i < n || carry; i++) {
        assert_true(i < WORDS);
        uint32_t sum = a->word[i] + b->word[i] + carry;
        carry = sum >= 1000000000;
        a->word[i] = sum - carry * 1000000000;
        a->n = i + 1 > n ? i + 1 : n;
    }
}

static void expect_decimal(const struct value *count, const struct decimal *want) {
    char text[9 * WORDS + 1], got[9 * WORDS + 1], *first = text;
    for (int i = 0; i < WORDS; i++)
        snprintf(text + 9 * i, 10, "%09u", want->word[WORDS - 1 - i]);
    while (*first == '0' && first[1])
        first++;
    if (count->kind == KIND_INT)
        snprintf(got, sizeof got, "%lld", (long long)count->i);
    else
        snprintf(got, sizeof got, "%.*s", (int)count->s.n, count->s.p);
    assert_string_equal(got, first);
}

/* The ways to make each sum with each number of parts, candidate by candidate, use by use. */
static void count_by_hand(const struct combination_in *in, struct decimal *want) {
    size_t target = (size_t)in->target, lengths = (size_t)in->max_length + 1, size = (target + 1) * lengths;
    struct decimal *ways = calloc(size, sizeof *ways);
    ways[0] = (struct decimal){.n = 1, .word = {1}};
    for (size_t i = 0; i < in->n && !in->ordered; i++) {
        if (in->n > 1 && i && in->candidates[i] == in->candidates[i - 1])
            continue; /* sorted: a group was taken with its first */
        size_t c = (size_t)in->candidates[i], copies = 1;
        while (i + copies < in->n && in->candidates[i + copies] == in->candidates[i])
            copies++;
        struct decimal *next = calloc(size, sizeof *next);
        for (size_t u = 0; u * c <= target && (in->reuse || u <= copies); u++)
            for (size_t r = u * c; r <= target; r++)
                for (size_t k = u; k < lengths; k++)
                    decimal_add(&next[r * lengths + k], &ways[(r - u * c) * lengths + k - u]);
        free(ways);
        ways = next;
    }
    for (size_t r = 1; r <= target && in->ordered; r++)
        for (size_t i = 0; i < in->n; i++)
            for (size_t k = 1; k < lengths && (size_t)in->candidates[i] <= r; k++)
                decimal_add(&ways[r * lengths + k], &ways[(r - (size_t)in->candidates[i]) * lengths + k - 1]);
    memset(want, 0, sizeof *want);
    for (size_t k = (size_t)in->min_length; k < lengths; k++)
        decimal_add(want, &ways[target * lengths + k]);
    free(ways);
}

static void large_counts_are_those_of_other_arithmetic(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t n;
        int64_t from, step, target, min, max;
        bool reuse, ordered, unlimited;
    } ROWS[] = {
        {"partitions of 150", 150, 1, 1, 150, 0, 150, true, false, true},
        {"partitions into at most 40", 200, 1, 1, 200, 0, 40, true, false, false},
        {"partitions into 30 to 60", 150, 1, 1, 150, 30, 60, true, false, false},
        {"partitions into at least 50", 150, 1, 1, 150, 50, 150, true, false, true},
        {"distinct odd parts", 150, 1, 2, 900, 0, 40, false, false, true},
        {"distinct, 10 to 20 parts", 90, 1, 1, 600, 10, 20, false, false, false},
        {"twos and copies", 120, 1, 0, 60, 0, 60, false, false, true},
        {"zeros, copies of one", 120, 0, 0, 0, 30, 70, false, false, false},
        {"compositions of 200", 200, 1, 1, 200, 0, 200, true, true, true},
        {"compositions of 150 into 70 to 90", 150, 1, 1, 150, 70, 90, true, true, false},
        {"ones and twos", 2, 1, 1, 800, 0, 800, true, true, true},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        int64_t candidates[400];
        for (size_t k = 0; k < ROWS[i].n; k++)
            candidates[k] = ROWS[i].from + ROWS[i].step * (int64_t)k;
        struct combination_in in = {candidates,      ROWS[i].n,   ROWS[i].target, ROWS[i].reuse,
                                    ROWS[i].ordered, ROWS[i].min, ROWS[i].max};
        struct decimal want;
        struct ctx ctx;
        count_by_hand(&in, &want);
        in.max_length = ROWS[i].unlimited ? INT64_MAX : in.max_length;
        ctx_init(&ctx, 256 << 20);
        struct combination_out out = solve(&ctx, &in, &(struct combination_page){.count = true});
        expect_decimal(&out.count, &want);
        assert_null(out.rows.start);
        ctx_release(&ctx);
    }
}

/* p(1000) is MacMahon's; the number of ways to change 100 dollars into coins of 1, 5, 10, 25, 50, 100 cents
 * is folklore's; compositions of n are 2^(n - 1). */
static void published_counts(void **state) {
    (void)state;
    static int64_t all[1000];
    for (int64_t i = 0; i < 1000; i++)
        all[i] = i + 1;
    static const int64_t coins[] = {1, 5, 10, 25, 50, 100};
    const struct {
        struct combination_in in;
        const char *want;
    } ROWS[] = {
        {{all, 1000, 1000, true, false, 0, INT64_MAX}, "24061467864032622473692149727991"},
        {{coins, 6, 10000, true, false, 0, INT64_MAX}, "139946140451"},
        {{all, 128, 128, true, true, 0, INT64_MAX}, "170141183460469231731687303715884105728"},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct ctx ctx;
        ctx_init(&ctx, 256 << 20);
        struct combination_out out = solve(&ctx, &ROWS[i].in, &(struct combination_page){.count = true});
        char got[64];
        if (out.count.kind == KIND_INT)
            snprintf(got, sizeof got, "%lld", (long long)out.count.i);
        else
            snprintf(got, sizeof got, "%.*s", (int)out.count.s.n, out.count.s.p);
        assert_string_equal(got, ROWS[i].want);
        ctx_release(&ctx);
    }
}

/* Each zero that is an item of its own doubles the subsets: LeetCode 494 with zeros. */
static void zeros_double_the_count(void **state) {
    (void)state;
    int64_t candidates[] = {0, 0, 0, 0, 0, 0, 0, 0, 1};
    struct combination_in in = {candidates, 9, 1, .max_length = INT64_MAX, .distinct = true};
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    assert_int_equal(solve(&ctx, &in, &(struct combination_page){.count = true}).count.i, 256);
    in.distinct = false;
    assert_int_equal(solve(&ctx, &in, &(struct combination_page){.count = true}).count.i, 9);
    static const int64_t none[COMBINATION_MAX_CANDIDATES];
    in = (struct combination_in){none, 127, 0, .max_length = INT64_MAX, .distinct = true};
    struct value count = solve(&ctx, &in, &(struct combination_page){.count = true}).count;
    assert_int_equal(count.s.n, 39);
    assert_memory_equal(count.s.p, "170141183460469231731687303715884105728", 39); /* 2^127 */
    in.n = COMBINATION_MAX_CANDIDATES;
    assert_int_equal(solve(&ctx, &in, &(struct combination_page){.count = true}).count.s.n, 3011);
    ctx_release(&ctx);
}

/* Ranks of many limbs: the combination at a rank has that rank, and the next one has the next. */
static void large_ranks_come_back(void **state) {
    (void)state;
    int64_t candidates[60];
    uint64_t random = 3;
    for (int round = 0; round < 24; round++) {
        bool ordered = round % 3 == 2, reuse = ordered || round % 3 == 0;
        size_t n = ordered ? 5 : 60;
        for (size_t i = 0; i < n; i++)
            candidates[i] = (reuse || round % 4 < 2) + (int64_t)test_below(&random, ordered ? 9 : 40);
        candidates[0] = 1;
        bool zeros = !reuse && round % 5 == 0; /* and 1 */
        if (zeros)
            memset(candidates + 1, 0, sizeof candidates - sizeof *candidates);
        struct combination_in in = {candidates, n,        zeros ? round % 2 : ordered ? 400 : 700, reuse, ordered,
                                    0,          INT64_MAX};
        if (round % 2)
            in.min_length = 20, in.max_length = zeros ? 40 : 200;
        in.order = (enum combination_order)(round / 3 % 4);
        in.distinct = round / 12 % 2;
        struct ctx ctx;
        struct combination_plan plan;
        struct combination_count count;
        struct combination_walk walk;
        ctx_init(&ctx, 512 << 20);
        assert_int_equal(combination_plan_make(&ctx, &in, &plan), STATUS_OK);
        assert_int_equal(combination_begin(&ctx, &plan, &walk), STATUS_OK);
        assert_int_equal(combination_count_make(&ctx, &plan, true, &count), STATUS_OK);
        size_t w = count.width, length;
        uint64_t rank[64] = {0}, copy[64], back[64];
        int64_t *values;
        assert_in_range(w, 1, 63);
        for (size_t i = 0; i < w; i++) /* below the total: less in its highest limb that is not 0 */
            rank[i] = count.total[i] ? test_below(&random, count.total[i]) : 0;
        memcpy(copy, rank, sizeof copy);
        assert_int_equal(combination_unrank(&ctx, &count, copy, &values, &length), STATUS_OK);
        assert_true(combination_seek(&walk, values, length));
        assert_int_equal(combination_count_make(&ctx, &plan, true, &count), STATUS_OK);
        assert_int_equal(combination_rank(&ctx, &count, values, length, back), STATUS_OK);
        assert_memory_equal(back, rank, w * sizeof *back);
        if (combination_next(&walk)) {
            assert_int_equal(combination_count_make(&ctx, &plan, true, &count), STATUS_OK);
            int64_t tokens[700];
            for (size_t i = 0; i < walk.depth; i++)
                tokens[i] = combination_token(&plan, walk.at[i]);
            assert_int_equal(combination_rank(&ctx, &count, tokens, walk.depth, back), STATUS_OK);
            for (size_t i = 0; i < w && ++rank[i] == 0;)
                i++;
            assert_memory_equal(back, rank, w * sizeof *back);
        }
        ctx_release(&ctx);
    }
}

/* -- The walk -- */

static void a_walk_of_many_is_in_order(void **state) {
    (void)state;
    int64_t candidates[80], before[64];
    for (int64_t i = 0; i < 80; i++)
        candidates[i] = 3 + i;
    struct combination_in in = {candidates, 80, 300, false, false, 5, 6};
    struct ctx ctx;
    struct combination_plan plan;
    struct combination_walk walk;
    struct combination_count count;
    ctx_init(&ctx, 64 << 20);
    assert_int_equal(combination_plan_make(&ctx, &in, &plan), STATUS_OK);
    assert_int_equal(combination_begin(&ctx, &plan, &walk), STATUS_OK);
    assert_int_equal(combination_count_make(&ctx, &plan, false, &count), STATUS_OK);
    size_t n = 0, n_before = 0;
    for (; combination_next(&walk); n++) {
        int64_t sum = 0;
        assert_in_range(walk.depth, 5, 6);
        for (size_t i = 0; i < walk.depth; i++) {
            sum += walk.row[i];
            assert_true(i == 0 || walk.row[i - 1] < walk.row[i]);
        }
        assert_int_equal(sum, 300);
        size_t same = 0;
        while (n && same < n_before && before[same] == walk.row[same])
            same++;
        assert_true(n == 0 || (same < n_before && before[same] < walk.row[same]));
        memcpy(before, walk.row, (n_before = walk.depth) * sizeof *before);
    }
    assert_false(combination_next(&walk));
    assert_int_equal(count.total[0], n);
    for (size_t i = 1; i < count.width; i++)
        assert_int_equal(count.total[i], 0);
    assert_in_range(n, 100000, 100000000);
    ctx_release(&ctx);
}

/* -- Trace -- */

static void the_trace_replays_to_the_answer(void **state) {
    (void)state;
    int64_t candidates[] = {10, 1, 2, 7, 6, 1, 5, 3};
    for (int mode = 0; mode < 3; mode++) {
        struct combination_in in = {candidates, 8, 9, mode > 0, mode == 2, 0, 5};
        struct trace trace;
        struct ctx ctx;
        ctx_init(&ctx, 64 << 20);
        struct combination_out out = solve(
            &ctx, &in, &(struct combination_page){.list = true, .limit = 1000, .trace = &trace, .max_steps = 100000});
        int64_t stack[16];
        size_t depth = 0, row = 0;
        for (size_t i = 0; i < trace.n; i++) {
            const struct trace_step *step = &trace.steps[i];
            if (strcmp(step->op, "choose") == 0) {
                stack[depth++] = trace.initial.ints[step->at[0]];
            } else if (strcmp(step->op, "unchoose") == 0) {
                assert_int_equal(stack[--depth], trace.initial.ints[step->at[0]]);
            } else {
                assert_string_equal(step->op, "emit");
                assert_int_equal(out.rows.start[row + 1] - out.rows.start[row], depth);
                assert_memory_equal(stack, out.rows.values + out.rows.start[row], depth * sizeof *stack);
                row++;
            }
        }
        assert_int_equal(row, out.rows.n);
        assert_int_equal(depth, 0);
        assert_int_equal(trace.total, trace.n);
        assert_true(row > 3);
        ctx_release(&ctx);
    }
}

/* Candidates in a row are counted by a sum that slides, others eight at a time; against the recurrence in 128 bits, of
 * which the count is below 10^38. */
static void sequences_of_neighbours_are_counted(void **state) {
    (void)state;
    static const struct {
        int64_t low, high, step;
    } ROWS[] = {{1, 60, 1}, {2, 4, 1}, {3, 6, 1}, {1, 59, 2}, {7, 40, 3}, {1, 3, 1}};
    for (size_t i = 0; i < COUNT(ROWS); i++)
        for (int extra = 0; extra < 2; extra++) {
            int64_t candidates[64], target = 100;
            size_t n = 0;
            for (int64_t c = ROWS[i].low; c <= ROWS[i].high; c += ROWS[i].step)
                candidates[n++] = c;
            if (extra)
                candidates[n++] = 63, candidates[n++] = 64;
            unsigned __int128 ways[101] = {1};
            for (int64_t r = 1; r <= target; r++)
                for (size_t k = 0; k < n; k++)
                    ways[r] += candidates[k] <= r ? ways[r - candidates[k]] : 0;
            char digits[48], *first = digits + 47;
            *first = '\0';
            for (unsigned __int128 x = ways[target]; x; x /= 10)
                *--first = (char)('0' + (int)(x % 10));
            struct ctx ctx;
            ctx_init(&ctx, 1 << 24);
            struct combination_in in = {candidates, n, target, true, true, 0, INT64_MAX};
            struct combination_out out = solve(&ctx, &in, &(struct combination_page){.count = true});
            if (out.count.kind == KIND_INT)
                assert_true((unsigned __int128)out.count.i == ways[target]);
            else
                assert_true(out.count.s.n == strlen(first) && memcmp(out.count.s.p, first, out.count.s.n) == 0);
            ctx_release(&ctx);
        }
}

/* -- Errors and limits -- */

static void expect_error(const struct combination_in *in, const struct combination_page *page, enum status want,
                         const char *pointer, const char *part) {
    struct ctx ctx;
    struct combination_out out;
    ctx_init(&ctx, (size_t)1 << 30);
    enum status status = combination_solve(&ctx, in, page, &out);
    if (status != want || strcmp(ctx.err.pointer, pointer) != 0 || !strstr(ctx.err.detail, part))
        fail_msg("want %d at %s with \"%s\", got %d at %s: %s", (int)want, pointer, part, (int)status, ctx.err.pointer,
                 ctx.err.detail);
    ctx_release(&ctx);
}

static void wrong_inputs_are_refused(void **state) {
    (void)state;
    static int64_t many[COMBINATION_MAX_CANDIDATES + 1];
    static int64_t odd[COMBINATION_MAX_CANDIDATES];
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = 1 + (int64_t)i;
    for (size_t i = 0; i < COUNT(odd); i++)
        odd[i] = 1 + 2 * (int64_t)i;
    static const int64_t zero[] = {3, 0}, low[] = {INT64_MIN}, one[] = {1}, two[] = {1, 2};
    const struct combination_page all = {.list = true, .count = true, .limit = 10}, count = {.count = true};
    const struct combination_page listed = {.list = true, .limit = 1};
    const struct combination_page ranked = {.list = true, .limit = 1, .offset = {.kind = KIND_INT, .i = 5}};
    const struct {
        struct combination_in in;
        const struct combination_page *page;
        enum status status;
        const char *pointer, *part;
    } ROWS[] = {
        {{zero, 2, 3, true, false, 0, INT64_MAX}, &all, STATUS_INVALID, "/candidates/1", "candidates[1] is 0, and"},
        {{low, 1, 3, false, false, 0, INT64_MAX}, &all, STATUS_INVALID, "/candidates/0", "-9223372036854775808"},
        {{one, 1, -1, true, false, 0, INT64_MAX}, &all, STATUS_INVALID, "/target", "target is -1, want"},
        {{one, 1, 1, true, false, -1, INT64_MAX}, &all, STATUS_INVALID, "/min_length", "-1"},
        {{one, 1, 1, true, false, 3, 2}, &all, STATUS_INVALID, "/max_length", "max_length is 2, below min_length"},
        {{one, 1, 1, false, true, 0, 2}, &all, STATUS_INVALID, "/ordered", "want reuse"},
        {{many, COUNT(many), 5, true, false, 0, 9}, &all, STATUS_TOO_LARGE, "/candidates", "want at most 10000."},
        {{one, 1, COMBINATION_MAX_STATES, true, false, 0, INT64_MAX}, &count, STATUS_TOO_LARGE, "/target", "16777216"},
        {{one, 1, INT64_MAX, true, false, 0, INT64_MAX}, &listed, STATUS_TOO_LARGE, "/target", "16777216"},
        {{two, 2, 1 << 20, true, false, 0, 600000},
         &count,
         STATUS_TOO_LARGE,
         "/target",
         "states of the length are 600001;"},
        {{two, 2, 100000, true, true, 0, INT64_MAX}, &ranked, STATUS_TOO_LARGE, "/target", "want at most 268435456"},
        {{many, 10000, 9999999, true, false, 0, INT64_MAX}, &listed, STATUS_TOO_LARGE, "/target", "17179869184"},
        {{odd, 10000, 40000, true, true, 0, INT64_MAX},
         &count,
         STATUS_TOO_LARGE,
         "/target",
         "want at most 17179869184"},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++)
        expect_error(&ROWS[i].in, ROWS[i].page, ROWS[i].status, ROWS[i].pointer, ROWS[i].part);
}

static void limits_hold_at_their_ends(void **state) {
    (void)state;
    static int64_t many[COMBINATION_MAX_CANDIDATES];
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = 1 + (int64_t)i % 50;
    static const int64_t one[] = {1}, far[] = {INT64_MAX, INT64_MAX / 7};
    struct ctx ctx;
    ctx_init(&ctx, (size_t)1 << 30);
    struct combination_in in = {many, COUNT(many), 100, true, false, 0, INT64_MAX};
    struct combination_out out = solve(&ctx, &in, &(struct combination_page){.count = true});
    assert_int_equal(out.count.i, 189477547); /* p(100) - p(0) - ... - p(49): one part at most is above 50 */
    in = (struct combination_in){one, 1, COMBINATION_MAX_STATES - 1, true, false, 0, INT64_MAX};
    assert_int_equal(solve(&ctx, &in, &(struct combination_page){.count = true}).count.i, 1);
    in = (struct combination_in){far, 2, INT64_MAX, true, false, 0, INT64_MAX};
    out = solve(&ctx, &in, &(struct combination_page){.list = true, .count = true, .limit = 5});
    assert_int_equal(out.count.i, 2); /* 7 divides 2^63 - 1 */
    assert_int_equal(out.rows.start[1], 7);
    assert_int_equal(out.rows.values[7], INT64_MAX);
    ctx_release(&ctx);
}

/* COMBINATION_MAX_STEPS: with a small limit in its place, at it and one past it; the constant itself is refused above. */
static void steps_are_limited(void **state) {
    (void)state;
    static const int64_t candidates[] = {1, 2, 5};
    const struct combination_page listed = {.list = true, .limit = 10}, counted = {.count = true};
    struct combination_in in = {candidates, 3, 100, true, .max_length = INT64_MAX};
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    in.max_steps = 3 * 101; /* positions * (target + 1) */
    assert_int_equal(solve(&ctx, &in, &listed).rows.n, 10);
    assert_int_equal(solve(&ctx, &in, &counted).count.i, 541); /* sum of (100 - 5 k) / 2 + 1, k = 0 .. 20 */
    in.max_steps--;
    expect_error(&in, &listed, STATUS_TOO_LARGE, "/target", "want a product of at most 302.");
    expect_error(&in, &counted, STATUS_TOO_LARGE, "/target", "want at most 302.");
    ctx_release(&ctx);
}

static void a_page_ends_with_its_values(void **state) {
    (void)state;
    static const int64_t candidates[] = {1, 2};
    const struct combination_in in = {candidates, 2, 500000, true, false, 0, INT64_MAX};
    struct ctx ctx;
    ctx_init(&ctx, (size_t)1 << 30);
    struct combination_page page = {.list = true, .limit = 1000};
    struct combination_out out = solve(&ctx, &in, &page);
    assert_in_range(out.rows.n, 2, 999);
    assert_true(out.rows.start[out.rows.n] >= COMBINATION_PAGE_VALUES);
    assert_true(out.rows.start[out.rows.n - 1] < COMBINATION_PAGE_VALUES);
    page.cursor = out.next_cursor;
    page.limit = 1;
    size_t twos = out.rows.n;
    out = solve(&ctx, &in, &page);
    assert_int_equal(out.rows.n, 1);
    assert_int_equal(out.rows.start[1], 500000 - twos);
    ctx_release(&ctx);
}

static void foreign_cursors_are_refused(void **state) {
    (void)state;
    static const int64_t candidates[] = {2, 3, 5, 7};
    const struct combination_in in = {candidates, 4, 12, true, false, 0, INT64_MAX};
    struct combination_in other = in;
    other.target = 13;
    struct ctx ctx;
    ctx_init(&ctx, 64 << 20);
    struct combination_page page = {.list = true, .limit = 2};
    struct str cursor = solve(&ctx, &in, &page).next_cursor;
    assert_non_null(cursor.p);
    page.cursor = cursor;
    assert_int_equal(solve(&ctx, &in, &page).rows.n, 2);
    expect_error(&other, &page, STATUS_INVALID, "/cursor", "belongs to another request");
    for (int order = COMBINATION_DESCENDING; order <= COMBINATION_LONG; order++) {
        other = in;
        other.order = (enum combination_order)order;
        expect_error(&other, &page, STATUS_INVALID, "/cursor", "belongs to another request");
    }
    other = in;
    other.distinct = true;
    expect_error(&other, &page, STATUS_INVALID, "/cursor", "belongs to another request");
    static const char *const TAILS[] = {"",      ".",    ".2x",    ".2x6_", ".2x0", ".6x2",  ".2x6x2",
                                        ".3_2",  ".2x5", ".2x7",   ".-2x6", "_2x6", ".2 x6", ".2x99999999999999999999",
                                        ".5_7x", ".7_5", ".2x6_0", ".4x3"};
    for (size_t i = 0; i < COUNT(TAILS); i++) {
        char text[80];
        int n = snprintf(text, sizeof text, "%.16s%s", cursor.p, TAILS[i]);
        page.cursor = (struct str){text, (size_t)n};
        expect_error(&in, &page, STATUS_INVALID, "/cursor", "The cursor ");
    }
    page.cursor = (struct str){cursor.p, 3};
    expect_error(&in, &page, STATUS_INVALID, "/cursor", "The cursor ");
    ctx_release(&ctx);
}

static void cursors_have_a_greatest_length(void **state) {
    (void)state;
    static int64_t values[COMBINATION_MAX_RUNS + 1];
    for (size_t i = 0; i < COUNT(values); i++)
        values[i] = INT64_MAX - (int64_t)i % 2;
    struct ctx ctx;
    struct str cursor;
    int64_t *back;
    size_t n;
    ctx_init(&ctx, 64 << 20);
    assert_int_equal(combination_cursor_write(&ctx, 5, values, COMBINATION_MAX_RUNS, &cursor), STATUS_OK);
    assert_in_range(cursor.n, 1, COMBINATION_MAX_CURSOR);
    assert_int_equal(combination_cursor_read(&ctx, 5, COMBINATION_MAX_RUNS, &cursor, &back, &n), STATUS_OK);
    assert_int_equal(n, COMBINATION_MAX_RUNS);
    assert_memory_equal(back, values, n * sizeof *back);
    assert_int_equal(combination_cursor_write(&ctx, 5, values, COUNT(values), &cursor), STATUS_TOO_LARGE);
    assert_string_equal(ctx.err.pointer, "/target");
    ctx_release(&ctx);
}

static void wrong_offsets_are_refused(void **state) {
    (void)state;
    static const int64_t candidates[] = {2, 3};
    const struct combination_in in = {candidates, 2, 12, true, false, 0, INT64_MAX};
    struct combination_page page = {.list = true, .limit = 2, .offset = {.kind = KIND_INT, .i = -1}};
    expect_error(&in, &page, STATUS_INVALID, "/offset", "offset is -1, want");
    static const char *const TEXTS[] = {"", "-1", "1e3", " 1", "1."};
    for (size_t i = 0; i < COUNT(TEXTS); i++) {
        page.offset = (struct value){.kind = KIND_STRING, .s = {TEXTS[i], strlen(TEXTS[i])}};
        expect_error(&in, &page, STATUS_INVALID, "/offset", "want decimal digits.");
    }
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    static const char *const PAST[] = {"3", "0003", "18446744073709551616",
                                       "99999999999999999999999999999999999999999"};
    for (size_t i = 0; i < COUNT(PAST); i++) {
        page.offset = (struct value){.kind = KIND_STRING, .s = {PAST[i], strlen(PAST[i])}};
        struct combination_out out = solve(&ctx, &in, &page);
        assert_int_equal(out.rows.n, 0);
        assert_non_null(out.rows.start);
        assert_null(out.next_cursor.p);
    }
    ctx_release(&ctx);
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    static const int64_t many[] = {1, 2, 3, 5, 8, 13, 21, 34}, zeros[] = {1, 0, 2, 0, 3, 5, 0, 8};
    for (int mode = 0; mode < 8; mode++) {
        const struct combination_in in = {mode % 4 == 1 ? zeros : many,
                                          8,
                                          mode % 4 == 1 ? 8 : 60,
                                          mode % 4 != 1,
                                          mode % 4 == 2,
                                          .min_length = 3 * (mode % 4 == 3),
                                          .max_length = 60,
                                          .distinct = mode > 3,
                                          .indices = mode > 3,
                                          .order = (enum combination_order)(mode % 4)};
        enum status status = STATUS_NO_MEMORY;
        for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
            struct trace trace;
            struct combination_out out;
            struct combination_page page = {
                .list = true, .count = true, .limit = 100, .trace = &trace, .max_steps = 100};
            page.offset = (struct value){.kind = KIND_INT, .i = 7};
            struct ctx ctx;
            ctx_init(&ctx, 64 << 20);
            ctx.fail_after = fail_after;
            status = combination_solve(&ctx, &in, &page, &out);
            assert_true(status == STATUS_OK || (status == STATUS_NO_MEMORY && ctx.err.detail[0]));
            assert_in_range(fail_after, 0, 2000);
            ctx_release(&ctx);
        }
    }
}

static void a_stop_ends_it(void **state) {
    (void)state;
    atomic_int stop = STOP_DEADLINE;
    int64_t candidates[200];
    for (int64_t i = 0; i < 200; i++)
        candidates[i] = 1 + i;
    for (int mode = 0; mode < 3; mode++) {
        struct combination_in in = {candidates, 200, mode == 2 ? 4000 : 100000, true, mode == 2, 0, INT64_MAX};
        struct combination_page page = {.list = mode == 1, .count = mode != 1, .limit = 1000000};
        struct combination_out out;
        struct ctx ctx;
        ctx_init(&ctx, (size_t)1 << 30);
        ctx.stop = &stop;
        assert_int_equal(combination_solve(&ctx, &in, &page, &out), STATUS_TIMED_OUT);
        ctx_release(&ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_inputs_are_as_if_all_were_tried),
        cmocka_unit_test(large_counts_are_those_of_other_arithmetic),
        cmocka_unit_test(published_counts),
        cmocka_unit_test(zeros_double_the_count),
        cmocka_unit_test(large_ranks_come_back),
        cmocka_unit_test(a_walk_of_many_is_in_order),
        cmocka_unit_test(the_trace_replays_to_the_answer),
        cmocka_unit_test(sequences_of_neighbours_are_counted),
        cmocka_unit_test(wrong_inputs_are_refused),
        cmocka_unit_test(limits_hold_at_their_ends),
        cmocka_unit_test(steps_are_limited),
        cmocka_unit_test(a_page_ends_with_its_values),
        cmocka_unit_test(foreign_cursors_are_refused),
        cmocka_unit_test(cursors_have_a_greatest_length),
        cmocka_unit_test(wrong_offsets_are_refused),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_stop_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
