#include "handlers/base64.h"

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(const unsigned char *bytes, size_t n, char *to) {
    for (size_t i = 0; i < n; i += 3, to += 4) {
        const unsigned second = i + 1 < n ? bytes[i + 1] : 0, third = i + 2 < n ? bytes[i + 2] : 0;
        const unsigned all = (unsigned)bytes[i] << 16 | second << 8 | third;
        for (int k = 0; k < 4; k++)
            to[k] = DIGITS[all >> (18 - 6 * k) & 63];
        if (i + 2 >= n)
            to[3] = '=';
        if (i + 1 >= n)
            to[2] = '=';
    }
}

/* digit_of is -1 for what is none. */
static int digit_of(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* read_digits sums up to four of them from the left; it returns how many there are before another character. */
static size_t read_digits(const char *p, unsigned *all) {
    size_t k = 0;
    *all = 0;
    for (; k < 4 && digit_of(p[k]) >= 0; k++)
        *all |= (unsigned)digit_of(p[k]) << (18 - 6 * k);
    return k;
}

/* ends says whether k digits may be the last, with the '=' that fill them up. */
static bool ends(const char *p, size_t k, unsigned all) {
    return (k == 2 && p[2] == '=' && p[3] == '=' && !(all & 0xffff)) || (k == 3 && p[3] == '=' && !(all & 0xff));
}

bool base64_read(const char *p, size_t n, unsigned char *to, size_t *length, size_t *at) {
    *length = 0;
    for (size_t i = 0; i + 4 <= n; i += 4) {
        unsigned all;
        const size_t k = read_digits(p + i, &all);
        *at = i + k;
        if (k < 4 && (i + 4 < n || !ends(p + i, k, all)))
            return false;
        for (size_t b = 0; b + 1 < k; b++)
            to[(*length)++] = (unsigned char)(all >> (16 - 8 * b));
    }
    *at = n;
    return n % 4 == 0;
}
