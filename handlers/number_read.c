#include "handlers/number_read.h"

#include "handlers/number_decimal.h"

/* small_integer gives the value of a token with point or exponent if it is an integer of at most 2^53. */
static enum number_error small_integer(const struct token *t, int64_t *value) {
    uint64_t w = t->w;
    int64_t q = w ? t->q : 0;
    if (t->more)
        return NUMBER_FRACTION; /* a fraction, or 19 digits and more */
    for (; q < 0; q++, w /= 10)
        if (w % 10)
            return NUMBER_FRACTION;
    for (; q > 0 && w <= (uint64_t)1 << 53; q--)
        w *= 10;
    if (w > (uint64_t)1 << 53)
        return NUMBER_FRACTION;
    *value = t->negative ? -(int64_t)w : (int64_t)w;
    return NUMBER_OK;
}

enum number_error token_int(const struct token *t, int64_t *value) {
    if (!t->integer)
        return small_integer(t, value);
    if (t->end - t->digits > 19 || t->w > (uint64_t)INT64_MAX + t->negative)
        return NUMBER_RANGE;
    *value = (int64_t)(t->negative ? -t->w : t->w);
    return NUMBER_OK;
}

enum number_error token_real(const struct token *t, bool exact, double *value) {
    double r = decimal_real(t);
    if (r > __DBL_MAX__ || r < -__DBL_MAX__)
        return NUMBER_RANGE;
    if (exact && t->integer) { /* what is written as an integer must stay one */
        int64_t whole;
        if (token_int(t, &whole) != NUMBER_OK)
            return NUMBER_RANGE;
        if (t->w > (uint64_t)1 << 53 && !decimal_is(t, r))
            return NUMBER_INEXACT;
    }
    *value = r;
    return NUMBER_OK;
}

/* trim takes the zeros at the end of w into q. */
static void trim(struct token *t) {
    for (; t->w && t->w % 10 == 0; t->w /= 10)
        t->q++;
}

bool token_is_lossless(const struct token *t, double r) {
    char text[NUMBER_REAL_MAX];
    const char *p = text;
    struct token integer = *t, shortest;
    bool small = t->w <= (uint64_t)1 << 53 && t->q == 0;
    if (!t->integer || small || decimal_is(t, r))
        return true;
    size_t n = number_format_real(text, r);
    (void)token_scan(&p, text + n, &shortest);
    trim(&integer);
    trim(&shortest);
    return !t->more && integer.w == shortest.w && integer.q == shortest.q;
}

static bool scan_whole(const char *text, size_t n, struct token *t) {
    const char *p = text;
    return token_scan(&p, text + n, t) && p == text + n;
}

enum number_error number_read_int(const char *text, size_t n, int64_t *value) {
    struct token t;
    return scan_whole(text, n, &t) ? token_int(&t, value) : NUMBER_SYNTAX;
}

enum number_error number_read_real(const char *text, size_t n, double *value) {
    struct token t;
    return scan_whole(text, n, &t) ? token_real(&t, false, value) : NUMBER_SYNTAX;
}

enum number_error number_read_lossless(const char *text, size_t n, double *value) {
    struct token t;
    enum number_error error = scan_whole(text, n, &t) ? token_real(&t, false, value) : NUMBER_SYNTAX;
    return error == NUMBER_OK && !token_is_lossless(&t, *value) ? NUMBER_INEXACT : error;
}
