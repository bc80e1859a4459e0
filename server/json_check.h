/* json_check.h - is this text one JSON object? Source: RFC 8259. Linear, no memory; nesting up to 512 levels. Neither
 * UTF-8 nor what the object says is checked: that is the endpoint's business. */
#ifndef SOLVENT_JSON_CHECK_H
#define SOLVENT_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* json_check returns NULL where the n bytes at text are an object, or says what is wrong; *at is the byte where. */
const char *json_check(const char *text, size_t n, size_t *at);

#endif
