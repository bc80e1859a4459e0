#include "core/window/minimum_window.h"

#include <string.h>

#include "core/sort/sort.h"
#include "core/window/text_symbols.h"
#include "core/window/window_search.h"

const char *const minimum_window_algorithm_names[] = {"bytes", "symbols", "tokens", NULL};

enum { POLL = 1 << 20 };

static bool is_ascii(struct str s) {
    uint64_t high = 0, word;
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        memcpy(&word, s.p + i, 8);
        high |= word;
    }
    for (; i < s.n; i++)
        high |= (unsigned char)s.p[i];
    return !(high & UINT64_C(0x8080808080808080));
}

/* Text. */

/* as_bytes searches among bytes: none of t's ASCII is a part of another code point. */
static enum status as_bytes(struct ctx *ctx, const struct minimum_window_in *in, struct window_search *search) {
    search->bytes = (const uint8_t *)in->s.p;
    search->n = in->s.n;
    search->wanted = (int64_t)in->t.n;
    search->need = ctx_zalloc(ctx, 256, sizeof *search->need);
    for (size_t i = 0; search->need && i < in->t.n; i++)
        search->need[(unsigned char)in->t.p[i]]++;
    return search->need ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status as_symbols(struct ctx *ctx, const struct minimum_window_in *in, struct window_search *search) {
    struct text_symbols symbols;
    enum status status = text_symbols(ctx, in->s, in->t, in->unit == MINIMUM_WINDOW_BYTE, &symbols);
    search->joins = symbols.joins;
    search->leaves = symbols.leaves;
    search->n = symbols.n;
    search->need = symbols.need;
    search->wanted = symbols.wanted;
    return status;
}

static enum status prepare_text(struct ctx *ctx, const struct minimum_window_in *in,
                                enum minimum_window_algorithm choice, struct window_search *search) {
    if (in->t.n == 0)
        return ctx_fail(ctx, STATUS_INVALID, "/t",
                        "t is empty, and every window holds nothing; want at least one character.");
    if (in->s.n > INT32_MAX || in->t.n > INT32_MAX)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "", "There are %zu and %zu bytes, want at most %d.", in->s.n, in->t.n,
                        INT32_MAX);
    return choice == MINIMUM_WINDOW_BYTES ? as_bytes(ctx, in, search) : as_symbols(ctx, in, search);
}

/* bytes_of gives the byte of s where code point `count` of those from byte `from` on begins. */
static size_t bytes_of(struct str s, size_t from, size_t count) {
    for (; count > 0; count--)
        do
            from++;
        while (from < s.n && (s.p[from] & 0xc0) == 0x80);
    return from;
}

/* Tokens. */

static int compare(const struct array *a, size_t i, const struct array *b, size_t j) {
    if (a->kind == KIND_INT)
        return (a->ints[i] > b->ints[j]) - (a->ints[i] < b->ints[j]);
    struct str s = a->strings[i], t = b->strings[j];
    size_t n = s.n < t.n ? s.n : t.n;
    int order = n ? memcmp(s.p, t.p, n) : 0;
    return order ? order : (s.n > t.n) - (s.n < t.n);
}

/* number_of is the place of element i among the sorted table, from 1; 0 where it is not there. */
static uint32_t number_of(const struct array *table, const struct array *a, size_t i) {
    size_t low = 0, high = table->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(table, middle, a, i);
        if (order == 0)
            return (uint32_t)middle + 1;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

static enum status number_tokens(struct ctx *ctx, const struct minimum_window_in *in, const struct array *table,
                                 struct window_search *search) {
    uint32_t *symbols = ctx_alloc(ctx, in->tokens.n, sizeof *symbols);
    search->need = ctx_zalloc(ctx, table->n + 1, sizeof *search->need);
    if (!symbols || !search->need)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < in->wanted.n; i++)
        search->need[number_of(table, &in->wanted, i)]++;
    for (size_t i = 0; i < in->tokens.n; i++) {
        symbols[i] = number_of(table, &in->tokens, i);
        if (i % (POLL / 8) == 0 && ctx_stop(ctx))
            return ctx_stopped(ctx);
    }
    search->joins = search->leaves = symbols;
    search->n = in->tokens.n;
    search->wanted = (int64_t)in->wanted.n;
    return STATUS_OK;
}

static enum status prepare_tokens(struct ctx *ctx, const struct minimum_window_in *in, struct window_search *search) {
    if (in->wanted.n == 0)
        return ctx_fail(ctx, STATUS_INVALID, "/wanted",
                        "wanted is empty, and every window holds nothing; want at least one token.");
    if (in->tokens.n > INT32_MAX || in->wanted.n > INT32_MAX)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "", "There are %zu and %zu tokens, want at most %d.", in->tokens.n,
                        in->wanted.n, INT32_MAX);
    if (in->tokens.n && in->tokens.kind != in->wanted.kind)
        return ctx_fail(ctx, STATUS_INVALID, "/wanted", "wanted has %s, but tokens has %s; want the same kind in both.",
                        in->wanted.kind == KIND_INT ? "integers" : "strings",
                        in->tokens.kind == KIND_INT ? "integers" : "strings");
    struct sort_in sort = {.values = in->wanted, .unique = true};
    struct sort_out table;
    enum status status = sort_solve(ctx, &sort, &table);
    return status == STATUS_OK ? number_tokens(ctx, in, &table.values, search) : status;
}

/* The steps. */

/* text_at gives what stands at each place of s: the code point that begins there, nothing inside of one. */
static enum status text_at(struct ctx *ctx, const struct minimum_window_in *in, size_t n, struct array *out) {
    *out = array_1d(KIND_STRING, NULL, n);
    if (n > TRACE_MAX_VALUES)
        return STATUS_OK; /* trace_begin says so */
    out->strings = ctx_zalloc(ctx, n, sizeof *out->strings);
    if (!out->strings)
        return STATUS_NO_MEMORY;
    for (size_t i = 0, at = 0; at < in->s.n; i++) {
        size_t length = bytes_of(in->s, at, 1) - at;
        out->strings[in->unit == MINIMUM_WINDOW_BYTE ? at : i] = (struct str){in->s.p + at, length};
        at += length;
    }
    for (size_t i = 0; i < n; i++)
        if (!out->strings[i].p)
            out->strings[i].p = "";
    return STATUS_OK;
}

struct player {
    const struct window_search *search;
    const struct array *values;
    int32_t *need;
    bool by_byte; /* places inside of a code point are stepped over */
};

static uint32_t symbol_at(const struct player *p, size_t i) {
    return p->search->bytes ? p->search->bytes[i] : p->search->leaves[i];
}
static size_t extent(const struct player *p, size_t i) { return p->by_byte ? p->values->strings[i].n : 1; }

/* play is the plain search of two ends. */
static void play(struct trace *t, const struct player *p) {
    int64_t missing = p->search->wanted;
    size_t best = SIZE_MAX;
    for (size_t right = 0, left = 0; right < p->search->n; right += extent(p, right)) {
        missing -= p->need[symbol_at(p, right)]-- > 0;
        trace_add(t, "expand", TRACE_AT((int64_t)right), p->values, TRACE_VARS({"missing", trace_int(missing)}));
        while (missing == 0) {
            size_t length = right + extent(p, right) - left;
            if (length < best) {
                best = length;
                trace_add(t, "best", TRACE_AT((int64_t)left, (int64_t)right), p->values,
                          TRACE_VARS({"start", trace_int((int64_t)left)}, {"length", trace_int((int64_t)length)}));
            }
            missing += p->need[symbol_at(p, left)]++ >= 0;
            trace_add(t, "shrink", TRACE_AT((int64_t)left), p->values, TRACE_VARS({"missing", trace_int(missing)}));
            left += extent(p, left);
        }
    }
}

/* copy_need copies the counters, which the search uses up. */
static int32_t *copy_need(struct ctx *ctx, const struct window_search *search) {
    size_t symbols = search->bytes ? 256 : 1;
    for (size_t i = 0; !search->bytes && i < search->n; i++)
        symbols = search->leaves[i] >= symbols ? search->leaves[i] + 1 : symbols;
    int32_t *need = ctx_alloc(ctx, symbols, sizeof *need);
    if (need)
        memcpy(need, search->need, symbols * sizeof *need);
    return need;
}

static enum status trace_search(struct ctx *ctx, const struct minimum_window_in *in, const struct window_search *search,
                                struct trace *t) {
    struct array values = in->tokens;
    enum status status = in->s.p ? text_at(ctx, in, search->n, &values) : STATUS_OK;
    if (status == STATUS_OK)
        status = trace_begin(ctx, t, t->max_steps, &values);
    if (status != STATUS_OK)
        return status;
    struct player player = {search, &values, copy_need(ctx, search), in->s.p && in->unit == MINIMUM_WINDOW_BYTE};
    if (!player.need)
        return STATUS_NO_MEMORY;
    play(t, &player);
    return trace_end(t);
}

/* The answer. */

static void show_window(const struct minimum_window_in *in, struct minimum_window_out *out) {
    if (!in->s.p) {
        out->tokens = array_1d(in->tokens.kind, NULL, out->length);
        out->tokens.data = in->tokens.kind == KIND_INT ? (void *)(in->tokens.ints + out->start)
                                                       : (void *)(in->tokens.strings + out->start);
        return;
    }
    bool bytes = in->unit == MINIMUM_WINDOW_BYTE;
    size_t from = bytes ? out->start : bytes_of(in->s, 0, out->start);
    size_t to = bytes ? from + out->length : bytes_of(in->s, from, out->length);
    out->text = (struct str){in->s.p + from, to - from};
}

static void choose(const struct minimum_window_in *in, struct minimum_window_out *out) {
    static const char *const WHY[] = {
        [MINIMUM_WINDOW_BYTES] = "What is wanted is ASCII, and so is what is counted: a place of s is a byte.",
        [MINIMUM_WINDOW_SYMBOLS] = "Not all is ASCII, so that code points are looked up, and numbered, first.",
        [MINIMUM_WINDOW_TOKENS] = "Tokens are looked up among the wanted ones in order, and numbered, first."};
    bool bytes = in->s.p && is_ascii(in->t) && (in->unit == MINIMUM_WINDOW_BYTE || is_ascii(in->s));
    out->algorithm = bytes ? MINIMUM_WINDOW_BYTES : in->s.p ? MINIMUM_WINDOW_SYMBOLS : MINIMUM_WINDOW_TOKENS;
    out->why = WHY[out->algorithm];
}

enum status minimum_window_solve(struct ctx *ctx, const struct minimum_window_in *in, struct trace *trace,
                                 struct minimum_window_out *out) {
    *out = (struct minimum_window_out){.found = false};
    choose(in, out);
    struct window_search search = {.all = in->all};
    struct window_found found;
    enum status status = in->s.p ? prepare_text(ctx, in, out->algorithm, &search) : prepare_tokens(ctx, in, &search);
    if (status == STATUS_OK && trace)
        status = trace_search(ctx, in, &search, trace);
    if (status == STATUS_OK)
        status = window_search(ctx, &search, &found);
    if (status != STATUS_OK)
        return status;
    out->found = found.length > 0;
    out->start = found.start;
    out->length = found.length;
    if (in->all) {
        out->starts = array_1d(KIND_INT, found.starts, found.n_starts);
        if (!found.starts && !(out->starts.data = ctx_alloc(ctx, 1, 8)))
            return STATUS_NO_MEMORY;
    }
    if (out->found)
        show_window(in, out);
    return STATUS_OK;
}
