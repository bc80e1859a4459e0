#include "server/negotiate.h"

#include <string.h>
#include <strings.h>

/* quality reads ";q=0.5" among the parameters in [p, end) as thousandths: 1000 where there is none, 0 where it is
 * garbage. */
static int quality(const char *p, const char *end) {
    for (; p < end; p++) {
        if (*p != ';')
            continue;
        do
            p++;
        while (p < end && (*p == ' ' || *p == '\t'));
        if (end - p < 3 || (*p | 32) != 'q' || p[1] != '=') {
            p--;
            continue;
        }
        if (p[2] == '1')
            return 1000;
        int q = 0, unit = 100;
        for (p += 4; p < end && *p >= '0' && *p <= '9'; p++, unit /= 10)
            q += unit * (*p - '0');
        return q;
    }
    return 1000;
}

bool accepts_gzip(const char *accept_encoding) {
    int gzip = -1, identity = -1, star = -1;
    for (const char *p = accept_encoding; p && *p;) {
        p += strspn(p, " \t,");
        size_t n = strcspn(p, ",; \t");
        const char *end = p + strcspn(p, ",");
        int q = quality(p + n, end);
        if ((n == 4 && !strncasecmp(p, "gzip", n)) || (n == 6 && !strncasecmp(p, "x-gzip", n)))
            gzip = q;
        else if (n == 8 && !strncasecmp(p, "identity", n))
            identity = q;
        else if (n == 1 && *p == '*')
            star = q;
        p = end;
    }
    if (gzip < 0)
        gzip = star;
    return gzip > 0 && gzip >= identity;
}

bool etag_matches(const char *if_none_match, const char *tag, bool any) {
    const char *p = if_none_match;
    if (!p)
        return false;
    p += strspn(p, " \t");
    if (*p == '*')
        return any;
    size_t n = strlen(tag);
    while (*p) {
        p += strspn(p, " \t,");
        if (p[0] == 'W' && p[1] == '/')
            p += 2;
        if (*p != '"')
            return false;
        const char *end = strchr(p + 1, '"');
        if (!end)
            return false;
        if ((size_t)(end + 1 - p) == n && !memcmp(p, tag, n))
            return true;
        p = end + 1;
    }
    return false;
}

const char *origin_allowed(const char *allowed, const char *origin) {
    if (!strcmp(allowed, "*"))
        return allowed;
    for (const char *p = allowed; origin && *p; p += strcspn(p, ",")) {
        p += strspn(p, " ,");
        size_t n = strcspn(p, ", ");
        if (n && strlen(origin) == n && !strncasecmp(p, origin, n))
            return origin;
    }
    return NULL;
}

bool id_usable(const char *id) {
    size_t n = id ? strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") : 0;
    return n >= 1 && n <= ID_MAX && id[n] == '\0';
}

void id_make(char to[17], uint64_t seed, uint64_t counter) {
    uint64_t z = seed + counter * 0x9e3779b97f4a7c15u; /* the SplitMix64 finaliser is a bijection of 64 bits */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    for (int i = 15; i >= 0; i--, z >>= 4)
        to[i] = "0123456789abcdef"[z & 15];
    to[16] = '\0';
}

bool prefers_async(const char *prefer) {
    static const char WANTED[] = "respond-async";
    for (const char *p = prefer; p && *p;) {
        p += strspn(p, " \t,");
        size_t n = strcspn(p, " \t,;=");
        if (n == strlen(WANTED) && strncasecmp(p, WANTED, n) == 0)
            return true;
        for (bool quoted = false; *p && (quoted || *p != ','); p++) /* a comma in a quoted value ends nothing */
            quoted ^= *p == '"';
    }
    return false;
}

bool key_usable(const char *key) {
    size_t n = 0;
    while (n <= IDEMPOTENCY_KEY_MAX && key[n] > ' ' && key[n] < 0x7f)
        n++;
    return n > 0 && n <= IDEMPOTENCY_KEY_MAX && !key[n];
}
