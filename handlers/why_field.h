/* why_field.h - the `why` beside the `algorithm` of an answer: what `auto` went by, said by the core that chose.
 *
 *     struct result { ...; int algorithm; struct str why; };
 *     static const struct field OUTPUT[] = {..., WHY_OUTPUT(struct result), {0}};
 *     result->why = why_text(out.why); */
#ifndef SOLVENT_WHY_FIELD_H
#define SOLVENT_WHY_FIELD_H

#include <string.h>

#include "handlers/field.h"

#define WHY_OUTPUT(S) FIELD(S, why, STRING, "Why that one was chosen; left out where the request named it.")

/* why_text takes the sentence, NULL where there is none; it is left out of the answer then. */
static inline struct str why_text(const char *why) {
    return why ? (struct str){why, strlen(why)} : (struct str){NULL, 0};
}

#endif
