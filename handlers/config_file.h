/* config_file.h - the config.json of a network, by a table of its keys.
 *
 * type     member                       JSON
 * SIZE     size_t                       an integer in low .. high
 * REAL     double                       a number in low .. high
 * FLAG     bool                         true or false
 * WORD     int or an enum               one of `words`
 * SWITCH   bool                         one of `words`
 * ONLY     -                            one of `words`, or a number in low .. high, that changes nothing
 * OFF      -                            false or null: what it would turn on is not there
 * PIXELS   size_t [2]                   an integer in low .. high, or two: height and width
 * SIZES    size_t [list]                an array of 1 to `list` integers in low .. high
 * SWITCHES bool [list]                  an array of 1 to `list` of `words`
 * REALS    const double *               an array of 1 to `list` numbers in low .. high, in the arena
 * Of the last three, `count` is the place of a size_t that gets their number. */
#ifndef SOLVENT_CONFIG_FILE_H
#define SOLVENT_CONFIG_FILE_H

#include "core/base/buf.h"
#include "handlers/json_file.h"

enum config_type {
    CONFIG_SIZE,
    CONFIG_REAL,
    CONFIG_FLAG,
    CONFIG_WORD,
    CONFIG_SWITCH,
    CONFIG_ONLY,
    CONFIG_OFF,
    CONFIG_PIXELS,
    CONFIG_SIZES,
    CONFIG_SWITCHES,
    CONFIG_REALS,
};

struct config_word {
    const char *text; /* NULL ends a list */
    int value;
};

struct config_key {
    const char *name;
    enum config_type type;
    bool nullable; /* null is 0 (SIZE), or as if it were missing */
    size_t offset; /* of the member */
    double low, high;
    const struct config_word *words;
    size_t list, count;
};

/* act_fn of diffusers' networks: enum activation. */
extern const struct config_word config_activations[];

/* config_file_read reads the members of `object`, which comes from the file `file`, into `to`, which has the defaults.
 * Keys that begin with '_' mean nothing, unknown ones are warnings.
 * Errors: INVALID (one sentence that names the key, and what it wants), NO_MEMORY. */
enum status config_file_read(struct ctx *ctx, const char *file, json_t *object, const struct config_key *keys, size_t n,
                             struct file_warnings *warnings, void *to) MUST_CHECK;

/* config_file_write appends `,\n  "key": value` for each SIZE, REAL, FLAG, WORD and SWITCH that is another in `of` than in
 * `plain`; a WORD that is none of `words` is left out. */
void config_file_write(const struct config_key *keys, size_t n, const void *of, const void *plain, struct buf *out);

#endif
