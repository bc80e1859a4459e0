/* Sources: Giulietti 2020, "The Schubfach way to render doubles" (the shortest digits); the letters are the paper's.
 * Differs: trailing zeros are dropped whole, so that integers and short decimals come out short, and there is no
 * minimum of two digits. Digits are made eight at a time, a word for pairs, fours and eights. */
#include "core/base/ctx.h"
#include "handlers/number.h"

#include "handlers/number_powers.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* eight_bytes spreads x < 10^8 over the bytes of a word, the first digit lowest, each 0 .. 9. */
static inline uint64_t eight_bytes(uint32_t x) {
    uint64_t fours = x / 10000 | (uint64_t)(x % 10000) << 32;
    uint64_t hundreds = (fours * 10486 >> 20) & 0x0000007f0000007fu; /* exact below 10^4 */
    uint64_t pairs = hundreds | (fours - hundreds * 100) << 16;
    uint64_t tens = (pairs * 103 >> 10) & 0x000f000f000f000fu; /* exact below 100 */
    return tens | (pairs - tens * 10) << 8;
}

static inline void store8(char *to, uint64_t x) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    memcpy(to, &x, 8);
}

static const uint64_t ZEROS = 0x3030303030303030u;

/* write_head writes x < 10^8 without leading zeros (at least one digit); it stores 8 bytes whatever it counts. */
static inline char *write_head(char *to, uint32_t x) {
    uint64_t digits = eight_bytes(x);
    unsigned leading = (unsigned)__builtin_ctzll(digits | (uint64_t)1 << 56) / 8;
    store8(to, (digits | ZEROS) >> 8 * leading);
    return to + 8 - leading;
}

static inline char *write_eight(char *to, uint32_t x) {
    store8(to, eight_bytes(x) | ZEROS);
    return to + 8;
}

/* write_pair writes x < 100 without leading zeros; it stores 2 bytes whatever it counts. */
static inline char *write_pair(char *to, uint32_t x) {
    uint32_t tens = x * 103 >> 10, two = tens | (x - tens * 10) << 8 | 0x3030, shift = x < 10;
    two >>= 8 * shift;
    to[0] = (char)two;
    to[1] = (char)(two >> 8);
    return to + 2 - shift;
}

/* put_int never writes behind to + NUMBER_INT_MAX. Ten digits and fewer, of which there are most, take the first two
 * ways. */
static inline char *put_int(char *to, int64_t value) {
    const uint32_t e8 = 100000000;
    uint64_t u = value < 0 ? -(uint64_t)value : (uint64_t)value;
    *to = '-';
    to += value < 0;
    if (u < e8)
        return write_head(to, (uint32_t)u);
    uint64_t high = u / e8;
    if (high < 100) {
        to = write_pair(to, (uint32_t)high);
    } else if (high < e8) {
        to = write_head(to, (uint32_t)high);
    } else {
        to = write_head(to, (uint32_t)(high / e8));
        to = write_eight(to, (uint32_t)(high % e8));
    }
    return write_eight(to, (uint32_t)(u - high * e8));
}

/* A positive decimal: digits * 10^exponent. */
struct decimal {
    uint64_t digits;
    int exponent;
};

/* round_to_odd is floor(g * cp / 2^128), its last bit set if anything above rounding noise was cut off. */
static inline uint64_t round_to_odd(struct power g, uint64_t cp) {
    unsigned __int128 x = (unsigned __int128)g.lo * cp, y = (unsigned __int128)g.hi * cp + (uint64_t)(x >> 64);
    return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

/* shortest finds the decimal of fewest digits that rounds to the positive double of `bits`, and of these the
 * nearest. */
static inline struct decimal shortest(uint64_t bits) {
    uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    int biased = (int)(bits >> 52);
    uint64_t c = biased ? fraction + ((uint64_t)1 << 52) : fraction;
    int q = (biased ? biased : 1) - 1075;
    bool odd = c & 1, closer = fraction == 0 && biased > 1; /* the neighbour below is half as far */

    /* k = floor(log10(2^q)), of 3/4 of that where the lower neighbour is closer */
    int k = (q * 1262611 - (closer ? 524031 : 0)) >> 22;
    int h = q + number_log2_power(-k) + 1;
    struct power g = number_power(-k);
    if (-k < 0 || -k > POWER_LAST_EXACT) { /* the paper's g is rounded up */
        g.lo++;
        g.hi += g.lo == 0;
    }
    uint64_t left = round_to_odd(g, (4 * c - 2 + closer) << h) + odd;
    uint64_t middle = round_to_odd(g, 4 * c << h);
    uint64_t right = round_to_odd(g, (4 * c + 2) << h) - odd;

    uint64_t s = middle / 4;
    if (s >= 10) { /* one digit less */
        uint64_t t = s / 10;
        bool below = left <= 40 * t, above = 40 * t + 40 <= right;
        if (below != above)
            return (struct decimal){t + above, k + 1};
    }
    bool below = left <= 4 * s, above = 4 * s + 4 <= right;
    if (below != above)
        return (struct decimal){s + above, k};
    uint64_t half = 4 * s + 2;
    return (struct decimal){s + (middle > half || (middle == half && (s & 1))), k};
}

enum { SLACK = 48 }; /* put_real stores whole words; so many bytes may be touched */

static inline unsigned count_digits(uint64_t x) {
    static const uint64_t powers[20] = {0,
                                        10u,
                                        100u,
                                        1000u,
                                        10000u,
                                        100000u,
                                        1000000u,
                                        10000000u,
                                        100000000u,
                                        1000000000u,
                                        10000000000u,
                                        100000000000u,
                                        1000000000000u,
                                        10000000000000u,
                                        100000000000000u,
                                        1000000000000000u,
                                        10000000000000000u,
                                        100000000000000000u,
                                        1000000000000000000u,
                                        10000000000000000000u};
    unsigned least = (unsigned)((64 - __builtin_clzll(x | 1)) * 1233) >> 12; /* log10(2) = 1233 / 4096 */
    return least + (x >= powers[least]);
}

/* spread writes d as 17 digits, zeros appended, and returns how many of them are significant. d has at most 17. */
static inline unsigned spread(char *to, uint64_t d, unsigned length) {
    static const uint64_t scale[18] = {0,
                                       10000000000000000u,
                                       1000000000000000u,
                                       100000000000000u,
                                       10000000000000u,
                                       1000000000000u,
                                       100000000000u,
                                       10000000000u,
                                       1000000000u,
                                       100000000u,
                                       10000000u,
                                       1000000u,
                                       100000u,
                                       10000u,
                                       1000u,
                                       100u,
                                       10u,
                                       1u};
    const uint64_t e8 = 100000000;
    d *= scale[length];
    uint64_t upper = d / e8;
    uint64_t a = eight_bytes((uint32_t)(upper % e8)), b = eight_bytes((uint32_t)(d % e8));
    *to = (char)('0' + upper / e8);
    store8(to + 1, a | ZEROS);
    store8(to + 9, b | ZEROS);
    if (b)
        return 17 - (unsigned)__builtin_clzll(b) / 8;
    return a ? 9 - (unsigned)__builtin_clzll(a) / 8 : 1;
}

/* put_scientific writes d.ddde[-]xxx. */
static char *put_scientific(char *to, const char *digits, unsigned n, int exponent) {
    *to++ = digits[0];
    if (n > 1) {
        *to++ = '.';
        memcpy(to, digits + 1, 16);
        to += n - 1;
    }
    *to++ = 'e';
    return put_int(to, exponent);
}

static inline char *put_plain(char *to, const char *digits, unsigned n, int exponent) {
    if (exponent < 0) {
        memcpy(to, "0.000000", 8);
        to += 1 - exponent;
        memcpy(to, digits, 17);
        return to + n;
    }
    unsigned whole = (unsigned)exponent + 1; /* 1 .. 16 */
    memcpy(to, digits, 16);
    to[whole] = '.';
    memcpy(to + whole + 1, digits + whole, 16);
    return to + whole + 1 + (n > whole ? n - whole : 1);
}

/* put_real may touch SLACK bytes. */
static inline char *put_real(char *to, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits << 1) >> 53 == 0x7ff) { /* JSON has no infinity; JavaScript writes null too */
        memcpy(to, "null", 4);
        return to + 4;
    }
    *to = '-';
    to += bits >> 63;
    bits &= UINT64_MAX >> 1;
    if (bits == 0) {
        memcpy(to, "0.0", 3);
        return to + 3;
    }
    char digits[40];
    memset(digits + 17, '0', sizeof digits - 17);
    struct decimal d = shortest(bits);
    unsigned length = count_digits(d.digits);
    unsigned n = spread(digits, d.digits, length);
    int exponent = d.exponent + (int)length - 1;
    return exponent >= -5 && exponent <= 15 ? put_plain(to, digits, n, exponent)
                                            : put_scientific(to, digits, n, exponent);
}

size_t number_format_int(char *to, int64_t value) { return (size_t)(put_int(to, value) - to); }

size_t number_format_real(char *to, double value) {
    char text[SLACK];
    size_t n = (size_t)(put_real(text, value) - text);
    memcpy(to, text, n);
    return n;
}

void number_write_int(struct buf *b, int64_t value) {
    char text[NUMBER_INT_MAX];
    buf_add(b, text, number_format_int(text, value));
}

void number_write_real(struct buf *b, double value) {
    char text[NUMBER_REAL_MAX];
    buf_add(b, text, number_format_real(text, value));
}

enum {
    MANY = 1 << 16, /* so many numbers get their room at once, and threads where there are some */
    PIECE = 4096,   /* numbers that one thread writes before it asks for more */
    PIECE_TEXT = PIECE * (NUMBER_REAL_MAX + 1) + SLACK,
    WAVE = 16, /* pieces that are written, then moved into the buffer; while they wait the caches hold them */
};

/* put_numbers writes the numbers, each followed by `between`; it may touch SLACK bytes behind them. */
static inline char *put_numbers(char *to, const struct array *a, size_t at, size_t n, char between) {
    if (a->kind == KIND_INT)
        for (const int64_t *v = a->ints + at, *stop = v + n; v < stop; *to++ = between)
            to = put_int(to, *v++);
    else
        for (const double *v = a->reals + at, *stop = v + n; v < stop; *to++ = between)
            to = put_real(to, *v++);
    return to;
}

struct wave {
    const struct array *a;
    size_t at, n; /* its numbers */
    char between;
    char *text, *to;        /* [WAVE][PIECE_TEXT]; where they go */
    size_t start[WAVE + 1]; /* first the length of each, then where it starts */
};

static void write_piece(void *arg, size_t i) {
    struct wave *w = arg;
    char *text = w->text + i * PIECE_TEXT;
    size_t n = w->n - i * PIECE < PIECE ? w->n - i * PIECE : PIECE;
    w->start[i + 1] = (size_t)(put_numbers(text, w->a, w->at + i * PIECE, n, w->between) - text);
}

static void move_piece(void *arg, size_t i) {
    struct wave *w = arg;
    memcpy(w->to + w->start[i], w->text + i * PIECE_TEXT, w->start[i + 1] - w->start[i]);
}

/* write_wave appends the wave's numbers, each followed by `between`. */
static void write_wave(struct buf *b, struct wave *w) {
    size_t pieces = (w->n + PIECE - 1) / PIECE;
    w->start[0] = 0;
    b->parallel->run(b->parallel, pieces, write_piece, w);
    for (size_t i = 0; i < pieces; i++)
        w->start[i + 1] += w->start[i];
    w->to = buf_room(b, w->start[pieces]);
    if (!w->to)
        return;
    b->parallel->run(b->parallel, pieces, move_piece, w);
    buf_commit(b, w->start[pieces]);
}

/* write_waves writes all but the last few of n numbers on several threads, and says how many it wrote. */
static size_t write_waves(struct buf *b, const struct array *a, size_t at, size_t n, char between) {
    if (n < MANY || !b->parallel || b->parallel->threads < 2)
        return 0;
    struct wave w = {.a = a, .between = between, .text = malloc((size_t)WAVE * PIECE_TEXT)};
    size_t done = 0;
    for (; w.text && n - done > PIECE && !b->failed; done += w.n) {
        w.at = at + done;
        w.n = n - done - 1 < WAVE * PIECE ? n - done - 1 : WAVE * PIECE; /* behind the last number stands nothing */
        write_wave(b, &w);
    }
    free(w.text);
    return done;
}

/* write_row writes n numbers and `between` between them: in place while the buffer surely has room, else one by one, so
 * that a buffer fails only if the text itself passes its cap. */
static void write_row(struct buf *b, const struct array *a, size_t at, size_t n, char between) {
    bool ints = a->kind == KIND_INT;
    if (n >= MANY)
        buf_expect(b, n * (ints ? 12 : 20));
    for (size_t i = write_waves(b, a, at, n, between); i < n && !b->failed;) {
        size_t room = (b->size - b->n) / (SLACK + 1), stop = room < n - i ? i + room : n;
        if (room == 0) {
            if (ints)
                number_write_int(b, a->ints[at + i]);
            else
                number_write_real(b, a->reals[at + i]);
            if (++i < n)
                buf_byte(b, between);
            continue;
        }
        b->n = (size_t)(put_numbers(b->data + b->n, a, at + i, stop - i, between) - b->data) - (stop == n);
        i = stop;
    }
}

static void write_level(struct buf *b, const struct array *a, unsigned depth, size_t at, size_t size) {
    size_t n = a->shape[depth];
    buf_byte(b, '[');
    if (depth + 1 == a->dims)
        write_row(b, a, at, n, ',');
    else
        for (size_t i = 0; i < n && !b->failed; i++) {
            if (i)
                buf_byte(b, ',');
            write_level(b, a, depth + 1, at + i * (size / n), size / n);
        }
    buf_byte(b, ']');
}

void numbers_write(struct buf *b, const struct array *a) { write_level(b, a, 0, 0, a->n); }

void numbers_write_lines(struct buf *b, const struct array *a) {
    size_t n = a->shape[0];
    if (a->dims == 1) {
        write_row(b, a, 0, n, '\n');
        if (n)
            buf_byte(b, '\n');
        return;
    }
    for (size_t i = 0; i < n && !b->failed; i++) {
        write_level(b, a, 1, i * (a->n / n), a->n / n);
        buf_byte(b, '\n');
    }
}
