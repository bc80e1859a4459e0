/* host.h - a host for tests of handlers: seed 42, a named model and one that is left out, and one-line calls. */
#ifndef SOLVENT_TEST_HOST_H
#define SOLVENT_TEST_HOST_H

#include "handlers/call.h"

extern const struct host test_host;

/* test_call decodes, runs and encodes; the text (malloc'ed, NUL-terminated) is the answer or the problem document.
 * *http (may be NULL) gets the status. */
char *test_call(const struct endpoint *endpoint, const char *media, const char *query, const void *body, size_t n,
                int *http);

/* test_get is test_call of a path, with a query perhaps, that has an endpoint. */
char *test_get(const char *target, int *http);
char *test_ask(const char *method, const char *target, int *http); /* by another method without a body */

/* test_target sets the path and query of a request from a target, which it cuts at its '?'. */
void test_target(struct request *request, char *target);

/* test_post is test_call for a JSON body at a route. */
char *test_post(const char *route, const char *body, int *http);

/* test_endpoint finds an endpoint; fails the test where there is none. */
const struct endpoint *test_endpoint(const char *method, const char *route);

/* Rows of requests to one route. test_answers wants 200 and exactly the answer, test_refusals 422 and a problem that holds it. */
struct test_row {
    const char *request, *answer;
};
void test_answers(const char *route, const struct test_row *rows, size_t n);
void test_refusals(const char *route, const struct test_row *rows, size_t n);

/* test_refusals_at wants 422 and a problem that holds both the pointer and the words. */
struct test_refusal {
    const char *request, *pointer, *words;
};
void test_refusals_at(const char *route, const struct test_refusal *rows, size_t n);

#endif
