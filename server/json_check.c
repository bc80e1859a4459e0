#include "server/json_check.h"

#include <stdint.h>
#include <string.h>

enum { DEPTH_MAX = 512 };

struct reader {
    const char *p, *end;
};

static void space(struct reader *r) {
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
}

static bool eat(struct reader *r, char c) {
    bool is = r->p < r->end && *r->p == c;
    r->p += is;
    return is;
}

static bool word(struct reader *r, const char *text) {
    size_t n = strlen(text);
    bool is = (size_t)(r->end - r->p) >= n && !memcmp(r->p, text, n);
    r->p += is ? n : 0;
    return is;
}

static bool escape(struct reader *r) {
    if (r->p < r->end && *r->p != 'u')
        return strchr("\"\\/bfnrt", *r->p) && *r->p++;
    if (!eat(r, 'u'))
        return false;
    for (int i = 0; i < 4; i++, r->p++)
        if (r->p >= r->end || !*r->p || !strchr("0123456789abcdefABCDEF", *r->p))
            return false;
    return true;
}

static bool string(struct reader *r) {
    if (!eat(r, '"'))
        return false;
    while (r->p < r->end) {
        unsigned char c = (unsigned char)*r->p;
        if (c < 0x20)
            return false;
        r->p++;
        if (c == '"')
            return true;
        if (c == '\\' && !escape(r))
            return false;
    }
    return false;
}

static bool digits(struct reader *r) {
    const char *from = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
        r->p++;
    return r->p > from;
}

static bool number(struct reader *r) {
    eat(r, '-');
    if (!eat(r, '0') && !digits(r))
        return false;
    if (eat(r, '.') && !digits(r))
        return false;
    if (!eat(r, 'e') && !eat(r, 'E'))
        return true;
    if (!eat(r, '+'))
        eat(r, '-');
    return digits(r);
}

static bool scalar(struct reader *r) {
    if (r->p < r->end && *r->p == '"')
        return string(r);
    return word(r, "true") || word(r, "false") || word(r, "null") || number(r);
}

static bool key(struct reader *r) {
    space(r);
    if (!string(r))
        return false;
    space(r);
    return eat(r, ':');
}

/* open_all enters containers until a scalar or an empty container is read; false where there is neither. */
static bool open_all(struct reader *r, char *stack, unsigned *depth) {
    for (;;) {
        space(r);
        char c = r->p < r->end ? *r->p : '\0';
        if (c != '{' && c != '[')
            return scalar(r);
        if (*depth == DEPTH_MAX)
            return false;
        r->p++;
        stack[(*depth)++] = c == '{' ? '}' : ']';
        space(r);
        if (eat(r, stack[*depth - 1])) {
            --*depth;
            return true;
        }
        if (c == '{' && !key(r))
            return false;
    }
}

static bool value(struct reader *r) {
    char stack[DEPTH_MAX];
    unsigned depth = 0;
    do {
        if (!open_all(r, stack, &depth))
            return false;
        while (depth) {
            space(r);
            if (eat(r, ',')) {
                if (stack[depth - 1] == '}' && !key(r))
                    return false;
                break;
            }
            if (!eat(r, stack[depth - 1]))
                return false;
            depth--;
        }
    } while (depth);
    return true;
}

const char *json_check(const char *text, size_t n, size_t *at) {
    struct reader r = {text, text + n};
    const char *wrong = NULL;
    space(&r);
    if (r.p == r.end || *r.p != '{')
        wrong = "it does not begin with \"{\"";
    else if (!value(&r))
        wrong = "it is not JSON";
    else if (space(&r), r.p != r.end)
        wrong = "something follows the object";
    *at = (size_t)(r.p - text);
    return wrong;
}
