/* decoder.h - what the parts of the decoder share. For decode*.c only. */
#ifndef SOLVENT_DECODER_H
#define SOLVENT_DECODER_H

#include "handlers/call.h"
#include "handlers/splice.h"

/* Where the decoder is, as a chain up to the root: a member of an object, or an element of an array. */
struct path {
    const struct path *up;
    const char *name; /* NULL: an index */
    size_t index;
};

struct decoder {
    struct call *call;
    struct ctx *ctx;
    const struct splice *splice;
    const struct array *body;
};

/* decoder_wrong records "<place> <format...>" among the call's errors and returns OK, so that decoding goes on and one
 * answer names all that is wrong; what cannot go on (memory, syntax) returns its status. */
enum status decoder_wrong(struct decoder *d, const struct path *path, const char *format, ...) PRINTF_LIKE(3, 4);

/* A short quotation of what the client wrote. */
struct shown {
    char text[64];
};
struct shown decoder_show_text(const char *p, size_t n, const char *quote);
/* decoder_show says what a value is: "3.5", "\"up\"", "an object". */
struct shown decoder_show(const struct decoder *d, json_t *value);

/* What a field takes, in words and as a test. */
const char *decoder_int_range(const struct field *field, char text[96]);
const char *decoder_real_range(const struct field *field, char text[96]);
const char *decoder_kinds_text(unsigned kinds);
bool decoder_int_fits(const struct field *field, int64_t v);
bool decoder_real_fits(const struct field *field, double v);
size_t decoder_max_items(const struct field *field);

/* decoder_rules holds the rules (NULL: none) against an object's members. */
enum status decoder_rules(struct decoder *d, const struct rule *rules, const struct path *path,
                          json_t *object) MUST_CHECK;

/* decoder_copy_string takes a JSON string; one that holds U+0000 is wrong. */
enum status decoder_copy_string(struct decoder *d, const struct path *path, json_t *value, struct str *to) MUST_CHECK;

/* decoder_array reads an ARRAY field; decoder_check_array holds one against the field's limits. */
enum status decoder_array(struct decoder *d, const struct field *field, const struct path *path, json_t *value,
                          struct array *to) MUST_CHECK;
enum status decoder_check_array(struct decoder *d, const struct field *field, const struct path *path,
                                const struct array *a) MUST_CHECK;

/* decoder_numbers reads an ARRAY field from the text of an array of numbers. */
enum status decoder_numbers(struct decoder *d, const struct field *field, const struct path *path,
                            const struct span *span, struct array *to) MUST_CHECK;

/* decoder_items makes room for the n items of a LIST field, all zero; to->items stays NULL where it may not have so
 * many. */
enum status decoder_items(struct decoder *d, const struct field *field, const struct path *path, size_t n,
                          struct list *to) MUST_CHECK;

/* decoder_bare_list reads a LIST field from the text of an array of arrays of numbers, each of its own length; `bare`
 * is set. */
enum status decoder_bare_list(struct decoder *d, const struct field *field, const struct path *path,
                              const struct span *span, struct list *to) MUST_CHECK;

/* decoder_npy_array is decoder_check_array of an npy body, whose integers become reals where these are wanted. */
enum status decoder_npy_array(struct decoder *d, const struct field *field, const struct path *path,
                              struct array *a) MUST_CHECK;

#endif
