/* The shortest window against an oracle that tries every stretch. */
#include "core/window/minimum_window.h"

#include "tests/support/test.h"

static struct str text(const char *s) { return (struct str){s, strlen(s)}; }

static void known_answers(void **state) {
    (void)state;
    static const struct {
        const char *s, *t;
        enum minimum_window_unit unit;
        size_t start, length;
        const char *window; /* NULL: none */
        size_t n_starts;
    } rows[] = {
        {"ADOBECODEBANC", "ABC", MINIMUM_WINDOW_CODEPOINT, 9, 4, "BANC", 1},
        {"a", "a", MINIMUM_WINDOW_BYTE, 0, 1, "a", 1},
        {"a", "aa", MINIMUM_WINDOW_BYTE, 0, 0, NULL, 0},
        {"", "a", MINIMUM_WINDOW_CODEPOINT, 0, 0, NULL, 0},
        {"abab", "ab", MINIMUM_WINDOW_CODEPOINT, 0, 2, "ab", 3},
        {"aaaa", "aa", MINIMUM_WINDOW_BYTE, 0, 2, "aa", 3},
        {"aXXbYa", "aab", MINIMUM_WINDOW_BYTE, 0, 6, "aXXbYa", 1},
        /* the shortest in code points is not the shortest in bytes */
        {"a\xf0\x9f\x98\x80"
         "b--a-x-b",
         "ab", MINIMUM_WINDOW_CODEPOINT, 0, 3,
         "a\xf0\x9f\x98\x80"
         "b",
         1},
        {"a\xf0\x9f\x98\x80"
         "b--ax-b",
         "ab", MINIMUM_WINDOW_BYTE, 5, 4, "b--a", 2},
        {"\xc3\xa9x\xc3\xa8\xc3\xa9", "\xc3\xa9\xc3\xa8", MINIMUM_WINDOW_CODEPOINT, 2, 2, "\xc3\xa8\xc3\xa9", 1},
        {"\xc3\xa9x\xc3\xa8\xc3\xa9", "\xc3\xa9\xc3\xa8", MINIMUM_WINDOW_BYTE, 3, 4, "\xc3\xa8\xc3\xa9", 1},
        {"\xe2\x82\xac\xc3\xa9", "\xc3\xa9", MINIMUM_WINDOW_BYTE, 3, 2, "\xc3\xa9", 1},
        {"\xc3\x80\xc2\x80", "\xc3\x82", MINIMUM_WINDOW_BYTE, 0, 0, NULL, 0}, /* bytes of others make no character */
        {"\xf4\x8f\xbf\xbf!\xf0\x90\x80\x80", "\xf0\x90\x80\x80", MINIMUM_WINDOW_CODEPOINT, 2, 1, "\xf0\x90\x80\x80",
         1},
    };
    for (size_t r = 0; r < COUNT(rows); r++)
        for (int all = 0; all < 2; all++) {
            struct ctx ctx;
            struct minimum_window_out out;
            ctx_init(&ctx, 1 << 20);
            struct minimum_window_in in = {
                .s = text(rows[r].s), .t = text(rows[r].t), .unit = rows[r].unit, .all = all};
            assert_int_equal(minimum_window_solve(&ctx, &in, NULL, &out), STATUS_OK);
            bool found = rows[r].window != NULL;
            if (out.found != found || (found && (out.start != rows[r].start || out.length != rows[r].length ||
                                                 out.text.n != strlen(rows[r].window) ||
                                                 memcmp(out.text.p, rows[r].window, out.text.n) != 0)))
                fail_msg("row %zu: start %zu, length %zu, \"%.*s\"", r, out.start, out.length, (int)out.text.n,
                         out.text.p);
            assert_int_equal(out.starts.kind, all ? KIND_INT : KIND_NONE);
            if (all)
                assert_int_equal(out.starts.n, rows[r].n_starts);
            ctx_release(&ctx);
        }
}

/* A text as code points with the place and the length of each, in units. */
struct letters {
    size_t n, at[400], length[400];
    int which[400];
};

static bool holds(const struct letters *s, size_t from, size_t to, const int *need, int kinds) {
    int have[16] = {0};
    for (size_t i = from; i <= to; i++)
        have[s->which[i]]++;
    for (int k = 0; k < kinds; k++)
        if (have[k] < need[k])
            return false;
    return true;
}

/* oracle gives the length of the shortest window (0: none) and its starts. */
static size_t oracle(const struct letters *s, const int *need, int kinds, int64_t *starts, size_t *n_starts) {
    size_t best = 0;
    *n_starts = 0;
    for (size_t from = 0; from < s->n; from++)
        for (size_t to = from; to < s->n; to++) {
            size_t length = s->at[to] + s->length[to] - s->at[from];
            if ((best && length > best) || !holds(s, from, to, need, kinds))
                continue;
            if (!best || length < best)
                best = length, *n_starts = 0;
            starts[(*n_starts)++] = (int64_t)s->at[from];
            break;
        }
    return best;
}

/* replay follows the two ends and gives the last best window. */
static void replay(const struct trace *t, size_t *start, size_t *length) {
    int64_t left = -1, right = -1;
    *length = 0;
    for (size_t i = 0; i < t->n; i++) {
        const struct trace_step *step = &t->steps[i];
        if (strcmp(step->op, "expand") == 0) {
            assert_true(step->at[0] > right);
            right = step->at[0];
        } else if (strcmp(step->op, "shrink") == 0) {
            assert_true(step->at[0] > left && step->at[0] <= right);
            left = step->at[0];
        } else {
            assert_string_equal(step->op, "best");
            assert_int_equal(step->at[1], right);
            *start = (size_t)step->at[0], *length = (size_t)step->vars[1].value.i;
        }
    }
}

static void check(const struct minimum_window_in *in, const struct letters *s, const int *need, int kinds) {
    int64_t starts[400];
    size_t n_starts, best = oracle(s, need, kinds, starts, &n_starts), start = 0, length;
    for (int mode = 0; mode < 4; mode++) {
        struct ctx ctx;
        struct minimum_window_out out;
        struct trace t = {.max_steps = 10000};
        ctx_init(&ctx, 1 << 24);
        struct minimum_window_in one = *in;
        one.all = mode & 1;
        assert_int_equal(minimum_window_solve(&ctx, &one, mode & 2 ? &t : NULL, &out), STATUS_OK);
        assert_int_equal(out.found, best > 0);
        assert_int_equal(out.length, best);
        if (best)
            assert_int_equal(out.start, starts[0]);
        if (mode & 1) {
            assert_int_equal(out.starts.n, n_starts);
            assert_memory_equal(out.starts.ints, starts, n_starts * sizeof *starts);
        }
        if (mode & 2) {
            replay(&t, &start, &length);
            assert_int_equal(length, best);
            if (best)
                assert_int_equal(start, starts[0]);
        }
        ctx_release(&ctx);
    }
}

static void random_texts_and_tokens(void **state) {
    (void)state;
    static const char *const ALPHABET[] = {"a", "b",       "c", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                           "d", "\xc3\xa8"};
    static const int64_t INTS[] = {0, -1, INT64_MAX, INT64_MIN, 7, 8, 9, 1 << 20};
    uint64_t random = 1;
    for (int round = 0; round < 6000; round++) {
        int kinds = 1 + (int)test_below(&random, round % 2 ? 3 : COUNT(ALPHABET)), need[16] = {0};
        struct letters s = {.n = test_below(&random, round % 10 ? 24 : 200)};
        char st[1200] = "", tt[100] = "";
        int64_t si[400], ti[20];
        struct str ss[400], ts[20];
        bool by_byte = round & 4;
        size_t at = 0, bytes = 0, m = 1 + test_below(&random, round % 7 ? 5 : 12);
        for (size_t i = 0; i < s.n; i++) {
            int w = s.which[i] = (int)test_below(&random, (uint64_t)kinds);
            size_t length = strlen(ALPHABET[w]);
            memcpy(st + bytes, ALPHABET[w], length);
            bytes += length;
            s.at[i] = at, s.length[i] = round % 4 < 2 && by_byte ? length : 1;
            at += s.length[i];
            si[i] = INTS[w], ss[i] = text(ALPHABET[w]);
        }
        for (size_t i = 0; i < m; i++) {
            int w = (int)test_below(&random, COUNT(ALPHABET));
            w = test_below(&random, 20) ? w % kinds : w;
            need[w]++;
            strcat(tt, ALPHABET[w]);
            ti[i] = INTS[w], ts[i] = text(ALPHABET[w]);
        }
        struct minimum_window_in in = {.unit = by_byte ? MINIMUM_WINDOW_BYTE : MINIMUM_WINDOW_CODEPOINT};
        if (round % 4 < 2)
            in.s = (struct str){st, bytes}, in.t = text(tt);
        else if (round % 4 == 2)
            in.tokens = array_1d(KIND_INT, si, s.n), in.wanted = array_1d(KIND_INT, ti, m);
        else
            in.tokens = array_1d(KIND_STRING, ss, s.n), in.wanted = array_1d(KIND_STRING, ts, m);
        check(&in, &s, need, COUNT(ALPHABET));
    }
}

static void windows_far_into_a_long_text(void **state) {
    (void)state;
    size_t n = 3000000;
    char *s = malloc(n);
    memset(s, 'x', n);
    s[10] = 'a', s[2500000] = 'b', s[2600003] = 'a', s[2990000] = 'b';
    struct ctx ctx;
    struct minimum_window_out out;
    ctx_init(&ctx, (size_t)1 << 28);
    struct minimum_window_in in = {.s = {s, n}, .t = text("ab"), .all = true};
    assert_int_equal(minimum_window_solve(&ctx, &in, NULL, &out), STATUS_OK);
    assert_int_equal(out.start, 2500000);
    assert_int_equal(out.length, 100004);
    assert_int_equal(out.starts.n, 1);
    atomic_int stop = STOP_CANCEL;
    ctx.stop = &stop;
    assert_int_equal(minimum_window_solve(&ctx, &in, NULL, &out), STATUS_CANCELLED);
    ctx_release(&ctx);
    free(s);
}

/* plain_search is the textbook's: the length and the number of the shortest windows, and the first. */
static size_t plain_search(const char *s, size_t n, const char *t, size_t *start, size_t *count) {
    int need[256] = {0};
    size_t missing = strlen(t), left = 0, best = SIZE_MAX;
    for (const char *c = t; *c; c++)
        need[(unsigned char)*c]++;
    for (size_t right = 0; right < n; right++) {
        missing -= need[(unsigned char)s[right]]-- > 0;
        for (; missing == 0; left++) {
            size_t length = right + 1 - left;
            if (length < best)
                best = length, *start = left, *count = 0;
            *count += length == best;
            missing += ++need[(unsigned char)s[left]] > 0;
        }
    }
    return best;
}

static void long_texts_of_rare_letters(void **state) {
    (void)state;
    size_t n = 4000000;
    char *s = malloc(n);
    uint64_t random = 2;
    for (unsigned rare = 2; rare <= 200000; rare *= 10) {
        for (size_t i = 0; i < n; i++)
            s[i] = test_below(&random, rare) < 2 ? "abc"[test_below(&random, 3)] : 'x';
        for (int all = 0; all < 2; all++) {
            struct ctx ctx;
            struct minimum_window_out out;
            size_t start = 0, count = 0, best = plain_search(s, n, "abcabca", &start, &count);
            ctx_init(&ctx, (size_t)1 << 28);
            struct minimum_window_in in = {.s = {s, n}, .t = text("abcabca"), .all = all};
            assert_int_equal(minimum_window_solve(&ctx, &in, NULL, &out), STATUS_OK);
            assert_int_equal(out.length, best);
            assert_int_equal(out.start, start);
            assert_int_equal(out.starts.n, all ? count : 0);
            ctx_release(&ctx);
        }
    }
    free(s);
}

static void refusals(void **state) {
    (void)state;
    static int64_t one = 1;
    static struct str word = {"a", 1};
    static const struct {
        struct minimum_window_in in;
        const char *pointer, *detail;
    } rows[] = {
        {{.s = {"a", 1}, .t = {"", 0}},
         "/t",
         "t is empty, and every window holds nothing; want at least one character."},
        {{.s = {"\xc3", 1}, .t = {"a", 1}}, "/s", "s is not UTF-8 at byte 0; want UTF-8."},
        {{.s = {"a\xed\xa0\x80", 4}, .t = {"a", 1}}, "/s", "s is not UTF-8 at byte 1; want UTF-8."},
        {{.s = {"a", 1}, .t = {"a\xc0\x80", 3}}, "/t", "t is not UTF-8 at byte 1; want UTF-8."},
        {{.s = {"a", 1}, .t = {"\xf4\x90\x80\x80", 4}}, "/t", "t is not UTF-8 at byte 0; want UTF-8."},
        {{.tokens = {KIND_INT, 1, {1}, 1, {&one}}, .wanted = {KIND_INT, 1, {0}, 0, {&one}}},
         "/wanted",
         "wanted is empty, and every window holds nothing; want at least one token."},
        {{.tokens = {KIND_INT, 1, {1}, 1, {&one}}, .wanted = {KIND_STRING, 1, {1}, 1, {.strings = &word}}},
         "/wanted",
         "wanted has strings, but tokens has integers; want the same kind in both."},
    };
    for (size_t r = 0; r < COUNT(rows); r++) {
        struct ctx ctx;
        struct minimum_window_out out;
        ctx_init(&ctx, 1 << 20);
        assert_int_equal(minimum_window_solve(&ctx, &rows[r].in, NULL, &out), STATUS_INVALID);
        assert_string_equal(ctx.err.pointer, rows[r].pointer);
        assert_string_equal(ctx.err.detail, rows[r].detail);
        ctx_release(&ctx);
    }
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    static int64_t tokens[] = {1, 2, 3, 1, 2, 3, 3, 2, 1}, wanted[] = {2, 1};
    static const char LONG[] = "abcabcabcabc\xc3\xa9";
    for (int mode = 0; mode < 8; mode++)
        for (size_t fail_after = 0;; fail_after++) {
            struct ctx ctx;
            struct minimum_window_out out;
            struct trace t = {.max_steps = 100};
            ctx_init(&ctx, 1 << 20);
            ctx.fail_after = fail_after;
            struct minimum_window_in in = {.all = true,
                                           .unit = mode & 1 ? MINIMUM_WINDOW_BYTE : MINIMUM_WINDOW_CODEPOINT};
            if (mode & 2)
                in.s = text(LONG), in.t = text("\xc3\xa9"
                                               "b");
            else
                in.tokens = array_1d(KIND_INT, tokens, 9), in.wanted = array_1d(KIND_INT, wanted, 2);
            enum status status = minimum_window_solve(&ctx, &in, mode & 4 ? &t : NULL, &out);
            ctx_release(&ctx);
            if (status == STATUS_OK)
                break;
            assert_int_equal(status, STATUS_NO_MEMORY);
            assert_in_range(fail_after, 0, 200);
        }
}

static void a_trace_takes_its_limit_and_no_more(void **state) {
    (void)state;
    static char s[TRACE_MAX_VALUES + 1];
    memset(s, 'a', sizeof s);
    for (size_t over = 0; over < 2; over++) {
        struct ctx ctx;
        struct minimum_window_out out;
        struct trace t = {.max_steps = 10};
        ctx_init(&ctx, 1 << 24);
        struct minimum_window_in in = {.s = {s, TRACE_MAX_VALUES + over}, .t = text("a")};
        assert_int_equal(minimum_window_solve(&ctx, &in, &t, &out), over ? STATUS_TOO_LARGE : STATUS_OK);
        ctx_release(&ctx);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(random_texts_and_tokens),
        cmocka_unit_test(windows_far_into_a_long_text),
        cmocka_unit_test(long_texts_of_rare_letters),
        cmocka_unit_test(refusals),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_trace_takes_its_limit_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
