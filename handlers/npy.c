#include "handlers/npy.h"

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BODY_DIMS = 3, ALIGN = 64, MAGIC = 6 };
static const char magic[MAGIC + 1] = "\x93NUMPY";

static const char WANTED[] = "want i1, i2, i4, i8, u1, u2, u4, f4 or f8, of either byte order";

/* What a header says. */
struct layout {
    char letter; /* i, u or f */
    unsigned width;
    bool big; /* the byte of greatest weight comes first */
    unsigned dims;
    size_t shape[NPY_DIMS];
    size_t n;
    const char *data;
};

enum key { KEY_DESCR = 1, KEY_ORDER = 2, KEY_SHAPE = 4, KEY_ALL = 7 };

struct header {
    struct ctx *ctx;
    unsigned most; /* dimensions */
    const char *start, *p, *end;
    struct layout layout;
};

static enum status refuse_header(const struct header *h, const char *wanted) {
    return ctx_fail(h->ctx, STATUS_UNSUPPORTED, "", "The npy header is wrong at its character %zu: want %s.",
                    (size_t)(h->p - h->start) + 1, wanted);
}

static void skip_space(struct header *h) {
    while (h->p < h->end && (*h->p == ' ' || *h->p == '\t' || *h->p == '\n' || *h->p == '\r'))
        h->p++;
}

/* take steps over c, and over the white space on both sides; false if another character stands there. */
static bool take(struct header *h, char c) {
    skip_space(h);
    if (h->p == h->end || *h->p != c)
        return false;
    h->p++;
    skip_space(h);
    return true;
}

static bool take_word(struct header *h, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(h->end - h->p) < n || memcmp(h->p, word, n) != 0)
        return false;
    h->p += n;
    return true;
}

/* take_string reads 'text' or "text" without escapes; false if none stands there. */
static bool take_string(struct header *h, const char **text, size_t *n) {
    if (h->p == h->end || (*h->p != '\'' && *h->p != '"'))
        return false;
    const char *first = h->p + 1, *last = first;
    while (last < h->end && *last != *h->p && *last >= ' ' && *last <= '~' && *last != '\\')
        last++;
    if (last == h->end || *last != *h->p)
        return false;
    *text = first;
    *n = (size_t)(last - first);
    h->p = last + 1;
    return true;
}

static bool is_read(char letter, char width) {
    const char *widths = letter == 'i' ? "1248" : letter == 'u' ? "124" : letter == 'f' ? "48" : "";
    return width != '\0' && strchr(widths, width);
}

static enum status read_descr(struct header *h) {
    const char *text;
    size_t n;
    if (h->p < h->end && *h->p == '[')
        return ctx_fail(h->ctx, STATUS_UNSUPPORTED, "", "The npy array has structured elements; %s.", WANTED);
    if (!take_string(h, &text, &n))
        return refuse_header(h, "the element type as a string, such as '<f8'");
    if (n != 3 || !strchr("<>|", text[0]) || !is_read(text[1], text[2]) || (text[0] == '|' && text[2] != '1'))
        return ctx_fail(h->ctx, STATUS_UNSUPPORTED, "", "The npy array has elements of type '%.*s'; %s.",
                        (int)(n < 24 ? n : 24), text, WANTED);
    h->layout.letter = text[1];
    h->layout.width = (unsigned)(text[2] - '0');
    h->layout.big = text[0] == '>';
    return STATUS_OK;
}

static enum status read_order(struct header *h) {
    if (take_word(h, "False"))
        return STATUS_OK;
    if (take_word(h, "True"))
        return ctx_fail(h->ctx, STATUS_UNSUPPORTED, "",
                        "The npy array is in Fortran order; want C order (numpy.ascontiguousarray gives it).");
    return refuse_header(h, "True or False");
}

/* read_extent reads one decimal integer without leading zeros. */
static enum status read_extent(struct header *h, size_t *extent) {
    const char *first = h->p;
    size_t value = 0;
    for (; h->p < h->end && *h->p >= '0' && *h->p <= '9'; h->p++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, (size_t)(*h->p - '0'), &value))
            return refuse_header(h, "an extent below 2^64");
    if (h->p == first || (*first == '0' && h->p - first > 1)) {
        h->p = first;
        return refuse_header(h, "an extent, a decimal integer of at least 0");
    }
    *extent = value;
    return STATUS_OK;
}

static enum status refuse_dims(const struct header *h) {
    char more[32];
    snprintf(more, sizeof more, "more than %u", h->most);
    return ctx_fail(h->ctx, STATUS_UNSUPPORTED, "", "The npy array has %s dimensions; want 1 to %u.",
                    h->layout.dims ? more : "no", h->most);
}

/* read_shape reads a tuple: (3,), (3, 4), (3, 4,), but not (3), which Python takes for a number. */
static enum status read_shape(struct header *h) {
    struct layout *l = &h->layout;
    bool comma = false;
    if (!take(h, '('))
        return refuse_header(h, "the shape as a tuple, such as (3, 4)");
    while (h->p == h->end || *h->p != ')') {
        if (l->dims && !comma)
            return refuse_header(h, "',' or ')'");
        if (l->dims == h->most)
            return refuse_dims(h);
        enum status status = read_extent(h, &l->shape[l->dims]);
        if (status)
            return status;
        l->dims++;
        comma = take(h, ',');
        skip_space(h);
    }
    if (l->dims == 1 && !comma)
        return refuse_header(h, "',' after the only extent of the shape");
    h->p++;
    return l->dims ? STATUS_OK : refuse_dims(h);
}

/* read_member reads one key with its value; `seen` holds the keys so far. */
static enum status read_member(struct header *h, unsigned *seen) {
    static const struct {
        const char *name;
        enum key key;
        enum status (*read)(struct header *h);
    } members[] = {
        {"descr", KEY_DESCR, read_descr}, {"fortran_order", KEY_ORDER, read_order}, {"shape", KEY_SHAPE, read_shape}};
    const char *text, *at = h->p;
    size_t n;
    if (!take_string(h, &text, &n))
        return refuse_header(h, "a key in quotes");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (n != strlen(members[i].name) || memcmp(text, members[i].name, n) != 0)
            continue;
        h->p = at;
        if (*seen & members[i].key)
            return refuse_header(h, "each key once");
        *seen |= members[i].key;
        h->p = text + n + 1;
        if (!take(h, ':'))
            return refuse_header(h, "':'");
        return members[i].read(h);
    }
    h->p = at;
    return refuse_header(h, "'descr', 'fortran_order' or 'shape'");
}

/* read_dict reads the Python literal that is the header. */
static enum status read_dict(struct header *h) {
    unsigned seen = 0;
    bool comma = true;
    if (!take(h, '{'))
        return refuse_header(h, "'{'");
    while (h->p == h->end || *h->p != '}') {
        if (!comma)
            return refuse_header(h, "',' or '}'");
        enum status status = read_member(h, &seen);
        if (status)
            return status;
        comma = take(h, ',');
        skip_space(h);
    }
    if (seen != KEY_ALL)
        return refuse_header(h, "all of 'descr', 'fortran_order' and 'shape' before '}'");
    h->p++;
    skip_space(h);
    return h->p == h->end ? STATUS_OK : refuse_header(h, "nothing but spaces after '}'");
}

/* count_elements sets n, so that n * width, and the product of the extents that are not 0, fit size_t. */
static enum status count_elements(struct ctx *ctx, struct layout *l) {
    size_t bytes = l->width;
    l->n = 1;
    for (unsigned k = 0; k < l->dims; k++) {
        if (__builtin_mul_overflow(bytes, l->shape[k] ? l->shape[k] : 1, &bytes))
            return ctx_fail(ctx, STATUS_UNSUPPORTED, "", "The npy array's shape holds more than 2^64 bytes.");
        l->n = l->shape[k] ? l->n * l->shape[k] : 0;
    }
    return STATUS_OK;
}

static enum status refuse_short(struct ctx *ctx, size_t n, size_t wanted) {
    return ctx_fail(ctx, STATUS_UNSUPPORTED, "",
                    "The npy file ends after %zu bytes within its header, want at least %zu.", n, wanted);
}

/* find_header sets h->p and h->end to the dict. */
static enum status find_header(struct header *h, const unsigned char *p, size_t n) {
    size_t length_bytes, length = 0;
    if (n < MAGIC || memcmp(p, magic, MAGIC) != 0)
        return ctx_fail(h->ctx, STATUS_UNSUPPORTED, "",
                        "The body is no npy file: want the six bytes \\x93NUMPY at its start.");
    if (n < MAGIC + 2)
        return refuse_short(h->ctx, n, MAGIC + 2);
    if (p[MAGIC] < 1 || p[MAGIC] > 3 || p[MAGIC + 1] != 0)
        return ctx_fail(h->ctx, STATUS_UNSUPPORTED, "", "The npy file has version %d.%d, want 1.0, 2.0 or 3.0.",
                        p[MAGIC], p[MAGIC + 1]);
    length_bytes = p[MAGIC] == 1 ? 2 : 4;
    size_t start = MAGIC + 2 + length_bytes;
    if (n < start)
        return refuse_short(h->ctx, n, start);
    for (size_t i = 0; i < length_bytes; i++)
        length |= (size_t)p[MAGIC + 2 + i] << 8 * i;
    if (length > n - start)
        return refuse_short(h->ctx, n, start + length);
    h->start = h->p = (const char *)p + start;
    h->end = h->p + length;
    return STATUS_OK;
}

static enum status read_header(struct ctx *ctx, const void *p, size_t n, unsigned most, struct layout *layout) {
    struct header h = {.ctx = ctx, .most = most};
    enum status status = find_header(&h, p, n);
    if (!status)
        status = read_dict(&h);
    if (!status)
        status = count_elements(ctx, &h.layout);
    if (status)
        return status;
    size_t rest = n - (size_t)(h.end - (const char *)p), wanted = h.layout.n * h.layout.width;
    if (rest != wanted)
        return ctx_fail(ctx, STATUS_UNSUPPORTED, "",
                        "The npy file has %zu bytes of data, want %zu: %zu elements of %u bytes.", rest, wanted,
                        h.layout.n, h.layout.width);
    h.layout.data = h.end;
    *layout = h.layout;
    return STATUS_OK;
}

/* load gives the bits of an element, those above its width as its sign has them. */
static uint64_t load(const struct layout *l, size_t i) {
    const unsigned char *p = (const unsigned char *)l->data + i * l->width;
    const unsigned last = l->width - 1;
    uint64_t x = l->letter == 'i' && p[l->big ? 0 : last] & 0x80 ? UINT64_MAX : 0;
    for (unsigned k = 0; k < l->width; k++)
        x = x << 8 | p[l->big ? k : last - k];
    return x;
}

static double real_of(const struct layout *l, uint64_t bits) {
    uint32_t half = (uint32_t)bits;
    float r;
    double d;
    memcpy(&d, &bits, sizeof d);
    memcpy(&r, &half, sizeof r);
    return l->width == 4 ? (double)r : d;
}

static void copy_elements(const struct layout *l, int64_t *to) {
    union {
        double r;
        int64_t i;
    } bits;
    if (l->width == 8 && !l->big) {
        for (size_t i = 0; i < l->n; i++) { /* eight bytes as they are */
            uint64_t x;
            memcpy(&x, l->data + 8 * i, sizeof x);
            to[i] = (int64_t)le64toh(x);
        }
        return;
    }
    for (size_t i = 0; i < l->n; i++) {
        if (l->letter == 'f')
            bits.r = real_of(l, load(l, i));
        else
            bits.i = (int64_t)load(l, i);
        to[i] = bits.i;
    }
}

static enum status check_finite(struct ctx *ctx, const double *a, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (__builtin_isfinite(a[i]))
            continue;
        char pointer[32];
        snprintf(pointer, sizeof pointer, "/%zu", i);
        return ctx_fail(ctx, STATUS_INVALID, pointer, "Element %zu of the npy array is %s, want a finite number.", i,
                        a[i] != a[i] ? "NaN" : "infinite");
    }
    return STATUS_OK;
}

/* read_elements makes a flat array of them. */
static enum status read_elements(struct ctx *ctx, const struct layout *l, struct array *out) {
    void *to = ctx_alloc(ctx, l->n, sizeof(int64_t));
    if (!to)
        return STATUS_NO_MEMORY;
    copy_elements(l, to);
    *out = array_1d(l->letter == 'f' ? KIND_REAL : KIND_INT, to, l->n);
    return l->letter == 'f' ? check_finite(ctx, to, l->n) : STATUS_OK;
}

enum status npy_read(struct ctx *ctx, const void *p, size_t n, struct array *out) {
    struct layout l = {0};
    *out = (struct array){0};
    enum status status = read_header(ctx, p, n, BODY_DIMS, &l);
    if (!status)
        status = read_elements(ctx, &l, out);
    if (status) {
        *out = (struct array){0};
        return status;
    }
    out->dims = l.dims;
    memcpy(out->shape, l.shape, sizeof out->shape);
    return STATUS_OK;
}

enum status npy_open(struct ctx *ctx, const void *p, size_t n, struct npy *out) {
    struct layout l = {0};
    *out = (struct npy){0};
    enum status status = read_header(ctx, p, n, NPY_DIMS, &l);
    if (!status && l.letter == 'u' && l.width == 1)
        out->bytes = (const unsigned char *)l.data;
    else if (!status)
        status = read_elements(ctx, &l, &out->numbers);
    out->dims = l.dims;
    out->n = l.n;
    memcpy(out->shape, l.shape, sizeof l.shape);
    return status;
}

static void write_header(struct buf *b, const struct array *a) {
    char text[256] = "\x93NUMPY\x01";
    size_t n = MAGIC + 4;
    n += (size_t)snprintf(text + n, sizeof text - n, "{'descr': '<%c8', 'fortran_order': False, 'shape': (",
                          a->kind == KIND_INT ? 'i' : 'f');
    for (unsigned k = 0; k < a->dims; k++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%zu%s", k ? " " : "", a->shape[k],
                              k + 1 < a->dims || a->dims == 1 ? "," : "");
    n += (size_t)snprintf(text + n, sizeof text - n, "), }");
    while ((n + 1) % ALIGN)
        text[n++] = ' ';
    text[n++] = '\n';
    text[MAGIC + 2] = (char)(n - MAGIC - 4);
    buf_add(b, text, n);
}

void npy_write(struct buf *b, const struct array *a) {
    write_header(b, a);
    char *to = buf_room(b, a->n * 8);
    if (!to)
        return;
    const char *from = a->data;
    for (size_t i = 0; i < a->n; i++) { /* an int64 or the bits of a double: eight bytes either way */
        uint64_t x;
        memcpy(&x, from + 8 * i, sizeof x);
        x = htole64(x);
        memcpy(to + 8 * i, &x, sizeof x);
    }
    buf_commit(b, a->n * 8);
}
