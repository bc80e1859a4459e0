/* check.h - what must hold for any request to any endpoint, however hostile; shared by the fuzz target and the replay
 * of its corpus.
 *
 * - Nothing crashes (the sanitizers watch), and nothing is our own bug (STATUS_INTERNAL).
 * - A refusal names a place that is "" or a JSON Pointer, says a full sentence for each error, and its problem document
 * is JSON with the members that RFC 9457 wants and the HTTP status that was announced.
 * - What was understood, written as the canonical request, is understood as the same again.
 * - An answer is JSON (or npy) that others can read, and the canonical request has the same answer, byte for byte.
 *
 * Expensive requests (by the endpoint's own prediction) run with a stop flag that is already up: they must end at
 * once. */
#ifndef SOLVENT_FUZZ_CHECK_H
#define SOLVENT_FUZZ_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "handlers/call.h"

struct sample {
    const struct endpoint *endpoint;
    const char *media;  /* NULL: JSON */
    const char *query;  /* never NULL */
    const char *accept; /* NULL: anything */
    const void *body;   /* of an endpoint that takes none, but has parameters: the target, path and query */
    size_t n;
};

/* sample_is_target: the body of its samples is a target. */
bool sample_is_target(const struct endpoint *endpoint);

/* check_sample tells whether all of the above holds; if not, `why` says what does not. *http gets the status of the
 * answer. */
bool check_sample(const struct sample *sample, int *http, char why[512]);

/* endpoint_word makes a route one word, for file and test names: "/v1/solve/sort" is "solve_sort", "/v1/models/{id}"
 * "models_id". Of two on a route, the one with a body has "_post" behind it. */
void endpoint_word(const struct endpoint *endpoint, char word[64]);

/* corpus_each calls visit for the endpoint's example, or that of its target (the empty body where it takes none) and for every file in
 * tests/fuzz/corpus/<word>, in the order of their names: x.json and x.npy are bodies of these types, any other ending
 * is sent as text/plain; a file x.query beside them holds their query string. Returns how many there were. */
size_t corpus_each(const struct endpoint *endpoint,
                   void (*visit)(void *arg, const char *name, const struct sample *sample), void *arg);

#endif
