#include "handlers/number_decimal.h"
#include "handlers/number_read.h"

#include <stdatomic.h>

enum { DIMS_MAX = 3, RESTART = -1 };

struct reader {
    const char *p, *end;
    bool ints;       /* this pass reads integers */
    bool first_pass; /* both kinds are wanted, ints are tried: the first token that is no int64 restarts */
    bool exact;      /* both kinds are wanted, reals are read */
    bool lossless;
    unsigned max_dims;
    size_t limit, n; /* elements: at most, and before the innermost array */
    union {
        int64_t *as_int;
        double *as_real;
    };
    unsigned dims;          /* 0: not known yet */
    size_t shape[DIMS_MAX]; /* of the levels of which one array has been closed */
    bool closed[DIMS_MAX];
    size_t index[DIMS_MAX]; /* of the element at hand, the innermost level left out */
    struct number_place *place;
};

static inline bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

static inline const char *skip_space(const char *p, const char *end) {
    while (p < end && is_space(*p))
        p++;
    return p;
}

static bool stands(const struct reader *r, const char *p, char c) { return p < r->end && *p == c; }

/* fail stops at `at`; the first `dims` indices name the place. */
static int fail(struct reader *r, int error, const char *at, unsigned dims) {
    r->p = at;
    r->place->dims = dims;
    for (unsigned k = 0; k < dims; k++)
        r->place->index[k] = r->index[k];
    return error;
}

/* fail_item is fail for element n of the innermost array. */
static int fail_item(struct reader *r, int error, const char *at, unsigned depth, size_t n) {
    r->index[depth] = n - r->n;
    return fail(r, error, at, depth + 1);
}

/* not_number says why no number stands at `start`; `at` is the byte that is wrong. */
static int not_number(struct reader *r, const char *start, const char *at, unsigned depth, size_t n) {
    if (stands(r, start, '['))
        return fail_item(r, depth + 1 < r->max_dims ? NUMBER_RAGGED : NUMBER_TOO_MANY, start, depth, n);
    return fail_item(r, NUMBER_SYNTAX, at, depth, n);
}

/* careful_int reads any token and finds any error. */
static __attribute__((noinline)) int careful_int(struct reader *r, const char **p, unsigned depth, size_t n) {
    struct token t;
    const char *start = *p;
    if (!token_scan(p, r->end, &t))
        return not_number(r, start, *p, depth, n);
    if (r->first_pass && !t.integer)
        return RESTART;
    int error = (int)token_int(&t, &r->as_int[n]);
    if (error && r->first_pass)
        return RESTART;
    return error ? fail_item(r, error, start, depth, n) : NUMBER_OK;
}

/* read_int reads element n: up to 18 digits and then ',' or ']' need no care. Where the next number starts is known
 * only when this one has been measured, so that the latency up to there counts: both words that the digits may start
 * with are loaded before the sign is known. */
static inline int read_int(struct reader *r, const char **at, unsigned depth, size_t n) {
    const char *p = *at;
    if (r->end - p >= 16) {
        uint64_t bare = load8(p), behind_sign = load8(p + 1);
        bool negative = (char)bare == '-';
        uint64_t x = (negative ? behind_sign : bare) ^ DIGIT_ZEROS, stop = not_digits(x), w;
        const char *first = p + negative;
        if (stop) {
            unsigned k = (unsigned)__builtin_ctzll(stop) / 8;
            w = eight_digits(x << (56 - 8 * k) << 8);
            p = first + k;
        } else {
            w = eight_digits(x);
            p = scan_digits(first + 8, r->end, &w);
        }
        size_t digits = (size_t)(p - first);
        bool plain = digits - 1 < 18 && (*first != '0' || digits == 1) && p < r->end && (*p == ',' || *p == ']');
        if (__builtin_expect(plain, 1)) {
            r->as_int[n] = (int64_t)((w ^ -(uint64_t)negative) + negative);
            *at = p;
            return NUMBER_OK;
        }
    }
    return careful_int(r, at, depth, n);
}

/* careful_real rounds what the quick way in read_real cannot. */
static __attribute__((noinline)) int careful_real(struct reader *r, struct token t, const char *start, unsigned depth,
                                                  size_t n) {
    int error = (int)token_real(&t, r->exact, &r->as_real[n]);
    if (!error && r->lossless && !token_is_lossless(&t, r->as_real[n]))
        error = NUMBER_INEXACT;
    return error ? fail_item(r, error, start, depth, n) : NUMBER_OK;
}

static inline int read_real(struct reader *r, const char **p, unsigned depth, size_t n) {
    struct token t;
    const char *start = *p;
    if (__builtin_expect(!token_scan(p, r->end, &t), 0))
        return not_number(r, start, *p, depth, n);
    if (decimal_is_quick(&t))
        r->as_real[n] = decimal_quick(&t);
    else
        return careful_real(r, t, start, depth, n);
    return NUMBER_OK;
}

/* close_array ends an array of n elements at its ']'. */
static int close_array(struct reader *r, const char *p, unsigned depth, size_t n) {
    if (r->closed[depth] && r->shape[depth] != n)
        return fail(r, NUMBER_RAGGED, p, depth);
    r->closed[depth] = true;
    r->shape[depth] = n;
    r->p = p + 1;
    return NUMBER_OK;
}

/* read_row reads an innermost array from behind its '['; `ints` is a constant where it is inlined. */
static inline __attribute__((always_inline)) int read_row(struct reader *r, const char *p, unsigned depth, bool ints) {
    const char *const end = r->end;
    const size_t limit = r->limit, row = r->n;
    size_t n = row;
    while (n > row || !stands(r, p, ']')) {
        if (n == limit)
            return fail_item(r, NUMBER_TOO_MANY, p, depth, n);
        int error = ints ? read_int(r, &p, depth, n) : read_real(r, &p, depth, n);
        if (error)
            return error;
        if (p == end || *p != ',')
            p = skip_space(p, end);
        n++;
        if (stands(r, p, ']'))
            break;
        if (!stands(r, p, ','))
            return fail_item(r, NUMBER_SYNTAX, p, depth, n);
        if (++p < end && is_space(*p))
            p = skip_space(p, end);
    }
    r->n = n;
    return close_array(r, p, depth, n - row);
}

static int read_array(struct reader *r, unsigned depth);

/* read_rows reads an array of arrays from behind its '['. */
static int read_rows(struct reader *r, const char *p, unsigned depth) {
    size_t n = 0;
    while (!stands(r, p, ']') || n > 0) {
        r->index[depth] = n++;
        if (!stands(r, p, '[')) {
            bool number = p < r->end && (is_digit(*p) || *p == '-');
            return fail(r, number ? NUMBER_RAGGED : NUMBER_SYNTAX, p, depth + 1);
        }
        r->p = p;
        int error = read_array(r, depth + 1);
        if (error)
            return error;
        p = skip_space(r->p, r->end);
        if (stands(r, p, ']'))
            break;
        if (!stands(r, p, ','))
            return fail(r, NUMBER_SYNTAX, p, depth + 1);
        p = skip_space(p + 1, r->end);
    }
    return close_array(r, p, depth, n);
}

/* read_array reads the array whose '[' is at r->p. */
static int read_array(struct reader *r, unsigned depth) {
    const char *p = skip_space(r->p + 1, r->end);
    if (!r->dims && (!stands(r, p, '[') || depth + 1 == r->max_dims))
        r->dims = depth + 1;
    if (r->dims != depth + 1)
        return read_rows(r, p, depth);
    return r->ints ? read_row(r, p, depth, true) : read_row(r, p, depth, false);
}

/* read_text reads the whole text. */
static int read_text(struct reader *r, const char *text) {
    r->p = skip_space(text, r->end);
    if (!stands(r, r->p, '['))
        return fail(r, NUMBER_SYNTAX, r->p, 0);
    int error = read_array(r, 0);
    if (error)
        return error;
    r->p = skip_space(r->p, r->end);
    return r->p == r->end ? NUMBER_OK : fail(r, NUMBER_SYNTAX, r->p, 0);
}

/* count_commas: there is at most one element more than commas, so that memory is taken once and exactly. Sixteen bytes
 * at a time, each lane counting up to 255. */
static size_t count_commas(const char *text, size_t n) {
    typedef unsigned char lanes __attribute__((vector_size(16)));
    lanes comma = {',', ',', ',', ',', ',', ',', ',', ',', ',', ',', ',', ',', ',', ',', ',', ','};
    size_t count = 0, i = 0;
    while (n - i >= 16) {
        lanes sum = {0}, x;
        for (unsigned k = 0; k < 255 && n - i >= 16; k++, i += 16) {
            memcpy(&x, text + i, 16);
            sum -= (lanes)(x == comma);
        }
        for (unsigned k = 0; k < 16; k++)
            count += sum[k];
    }
    for (; i < n; i++)
        count += text[i] == ',';
    return count;
}

/* -- a long flat array, in pieces on several threads --
 *
 * Piece i reads the elements behind the first comma at or after its border, to the first comma at or after the next
 * one; how many commas stand before a border says which elements these are. Borders depend on the text alone. What is
 * not plain (an error, rows, a real among what was taken for integers) ends all pieces: then one reader reads the text
 * from its beginning, so that kinds, errors and their places are its own. */
enum { PIECE_MIN = 64 << 10, PIECES_MAX = 256 };

struct pieces {
    const char *text, *end;
    size_t size, n;                /* bytes from border to border; pieces */
    size_t commas[PIECES_MAX + 1]; /* of each piece; then those before each, and in all */
    const struct reader *reader;   /* what each piece starts with */
    atomic_bool failed;
};

static const char *border(const struct pieces *s, size_t i) { return i < s->n ? s->text + i * s->size : s->end; }

static void count_piece(void *arg, size_t i) {
    struct pieces *s = arg;
    s->commas[i] = count_commas(border(s, i), (size_t)(border(s, i + 1) - border(s, i)));
}

/* count_pieces lays out the pieces and counts their commas. */
static void count_pieces(struct ctx *ctx, struct pieces *s) {
    size_t n = (size_t)(s->end - s->text);
    s->size = n / PIECES_MAX + 1 > PIECE_MIN ? n / PIECES_MAX + 1 : PIECE_MIN;
    s->n = n / s->size + (n % s->size > 0);
    parallel_for(ctx, s->n, count_piece, s);
    size_t before = 0;
    for (size_t i = 0; i < s->n; i++) {
        size_t here = s->commas[i];
        s->commas[i] = before;
        before += here;
    }
    s->commas[s->n] = before;
}

/* first_element is where piece i starts; the first one behind the '['. */
static const char *first_element(const struct pieces *s, size_t i) {
    const char *at = border(s, i);
    at = i == 0 ? skip_space(at, s->end) : memchr(at, ',', (size_t)(s->end - at));
    return at + 1;
}

/* read_elements reads elements up to element `last`, all but it followed by commas; false: they are not plain. */
static inline __attribute__((always_inline)) bool read_elements(struct reader *r, size_t n, size_t last, bool ints) {
    const char *p = r->p;
    for (;; n++) {
        p = skip_space(p, r->end);
        if ((ints ? read_int(r, &p, 0, n) : read_real(r, &p, 0, n)) != NUMBER_OK)
            return false;
        p = skip_space(p, r->end);
        if (n == last)
            break;
        if (!stands(r, p, ','))
            return false;
        p++;
    }
    r->p = p;
    return true;
}

static void read_piece(void *arg, size_t i) {
    struct pieces *s = arg;
    size_t first = i == 0 ? 0 : s->commas[i] + 1, last = s->commas[i + 1];
    if (first > last || atomic_load_explicit(&s->failed, memory_order_relaxed))
        return;
    struct number_place nowhere;
    struct reader r = *s->reader;
    r.place = &nowhere;
    r.p = first_element(s, i);
    bool plain = r.ints ? read_elements(&r, first, last, true) : read_elements(&r, first, last, false);
    bool closes = last == s->commas[s->n];
    plain = plain && stands(&r, r.p, closes ? ']' : ',');
    if (!plain || (closes && skip_space(r.p + 1, r.end) != r.end))
        atomic_store_explicit(&s->failed, true, memory_order_relaxed);
}

/* read_pieces reads all of a flat array of more than one piece; false: it is none, or not plain. */
static bool read_pieces(struct ctx *ctx, struct reader *r, struct pieces *s) {
    const char *p = skip_space(s->text, s->end);
    if (s->n < 2 || s->commas[s->n] >= r->limit || p + 1 >= border(s, 1) || *p != '[' ||
        *skip_space(p + 1, s->end - 1) == '[')
        return false;
    s->reader = r;
    atomic_init(&s->failed, false);
    parallel_for(ctx, s->n, read_piece, s);
    if (atomic_load_explicit(&s->failed, memory_order_relaxed))
        return false;
    r->dims = 1;
    r->n = r->shape[0] = s->commas[s->n] + 1;
    return true;
}

/* read_any reads a text of any size. */
static int read_any(struct ctx *ctx, struct reader *r, struct pieces *s) {
    return read_pieces(ctx, r, s) ? NUMBER_OK : read_text(r, s->text);
}

static void describe(const struct reader *r, struct array *out) {
    *out = (struct array){.kind = r->ints ? KIND_INT : KIND_REAL, .dims = r->dims, .n = r->n};
    for (unsigned k = 0; k < r->dims; k++)
        out->shape[k] = r->shape[k];
    out->data = r->as_int;
}

enum number_error numbers_read(struct ctx *ctx, const char *text, size_t n, const struct numbers_want *want,
                               struct array *out, struct number_place *place) {
    bool both = (want->kinds & KIND_INT) && (want->kinds & KIND_REAL);
    struct pieces pieces = {.text = text, .end = text + n};
    count_pieces(ctx, &pieces);
    size_t most = pieces.commas[pieces.n] + 1;
    *out = (struct array){0};
    *place = (struct number_place){0};
    struct reader r = {.end = text + n,
                       .ints = want->kinds & KIND_INT,
                       .first_pass = both,
                       .max_dims = want->max_dims < DIMS_MAX ? want->max_dims : DIMS_MAX,
                       .limit = want->max_items,
                       .lossless = want->lossless,
                       .place = place};
    r.as_int = ctx_alloc(ctx, most < r.limit ? most : r.limit, sizeof *r.as_int);
    if (!r.as_int)
        return NUMBER_MEMORY;
    struct reader again = r;
    int error = read_any(ctx, &r, &pieces);
    if (error == RESTART) {
        r = again;
        r.ints = r.first_pass = false;
        r.exact = true;
        error = read_any(ctx, &r, &pieces);
    }
    if (error == NUMBER_OK)
        describe(&r, out);
    else
        place->offset = (size_t)(r.p - text);
    return (enum number_error)error;
}
