#include "core/window/text_symbols.h"

enum { PAGE = 256, PAGES = 0x110000 / PAGE, POLL = 1 << 20 };

/* The symbol of a code point: two levels, so that a text's memory follows the pages of Unicode that t uses. */
struct table {
    uint32_t ascii[128];
    uint32_t *page[PAGES]; /* NULL: none of the page is wanted */
};

size_t utf8_read(const char *p, const char *end, uint32_t *code_point) {
    const unsigned char *b = (const unsigned char *)p;
    if (*b < 0x80) {
        *code_point = *b;
        return 1;
    }
    size_t n = *b >= 0xf0 ? 4 : *b >= 0xe0 ? 3 : 2;
    if (*b < 0xc2 || *b > 0xf4 || (size_t)(end - p) < n)
        return 0;
    uint32_t c = *b & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((b[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (b[i] & 0x3fu);
    }
    *code_point = c;
    bool whole = (n == 2) || (n == 3 && c >= 0x800 && c - 0xd800 > 0x7ff) || (n == 4 && c >= 0x10000 && c <= 0x10ffff);
    return whole ? n : 0;
}

static enum status not_utf8(struct ctx *ctx, const char *name, size_t at) {
    char pointer[4] = {'/', name[0]};
    return ctx_fail(ctx, STATUS_INVALID, pointer, "%s is not UTF-8 at byte %zu; want UTF-8.", name, at);
}

/* slot_of gives the place of a code point's symbol; NULL without memory. */
static uint32_t *slot_of(struct ctx *ctx, struct table *table, uint32_t c) {
    if (c < 128)
        return &table->ascii[c];
    uint32_t **page = &table->page[c / PAGE];
    if (!*page && !(*page = ctx_zalloc(ctx, PAGE, sizeof **page)))
        return NULL;
    return &(*page)[c % PAGE];
}

/* read_wanted numbers the code points of t and counts them. */
static enum status read_wanted(struct ctx *ctx, struct str t, struct table *table, struct text_symbols *out) {
    out->need = ctx_zalloc(ctx, t.n + 1, sizeof *out->need);
    if (!out->need)
        return STATUS_NO_MEMORY;
    for (size_t i = 0, n; i < t.n; i += n, out->wanted++) {
        uint32_t c;
        n = utf8_read(t.p + i, t.p + t.n, &c);
        if (n == 0)
            return not_utf8(ctx, "t", i);
        uint32_t *slot = slot_of(ctx, table, c);
        if (!slot)
            return STATUS_NO_MEMORY;
        if (*slot == 0)
            *slot = (uint32_t)++out->symbols;
        out->need[*slot]++;
    }
    return STATUS_OK;
}

static inline uint32_t symbol_of(const struct table *table, uint32_t c) {
    const uint32_t *page = table->page[c / PAGE];
    return c < 128 ? table->ascii[c] : page ? page[c % PAGE] : 0;
}

/* write_symbols runs over s. */
static enum status write_symbols(struct ctx *ctx, struct str s, const struct table *table, bool by_byte,
                                 struct text_symbols *out) {
    size_t at = 0, poll = POLL, places = 0;
    while (at < s.n) {
        uint32_t c, symbol;
        size_t n = utf8_read(s.p + at, s.p + s.n, &c);
        if (n == 0)
            return not_utf8(ctx, "s", at);
        symbol = symbol_of(table, c);
        if (by_byte)
            out->leaves[at] = out->joins[at + n - 1] = symbol; /* what is between is 0 */
        else
            out->joins[places] = symbol;
        at += n, places++;
        if (at >= poll) {
            poll += POLL;
            if (ctx_stop(ctx))
                return ctx_stopped(ctx);
        }
    }
    out->n = by_byte ? s.n : places;
    return STATUS_OK;
}

static size_t count_places(struct str s, bool by_byte) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += by_byte || (s.p[i] & 0xc0) != 0x80;
    return n;
}

enum status text_symbols(struct ctx *ctx, struct str s, struct str t, bool by_byte, struct text_symbols *out) {
    *out = (struct text_symbols){.n = 0};
    size_t places = count_places(s, by_byte);
    struct table *table = ctx_zalloc(ctx, 1, sizeof *table);
    out->joins = by_byte ? ctx_zalloc(ctx, places, sizeof *out->joins) : ctx_alloc(ctx, places, sizeof *out->joins);
    out->leaves = by_byte && out->joins ? ctx_zalloc(ctx, places, sizeof *out->leaves) : out->joins;
    if (!table || !out->joins || !out->leaves)
        return STATUS_NO_MEMORY;
    enum status status = read_wanted(ctx, t, table, out);
    return status == STATUS_OK ? write_symbols(ctx, s, table, by_byte, out) : status;
}
