/* receive.h - a request coming in: its line, its headers, its body; and the exchange that it becomes. On the loop's
 * thread. */
#ifndef SOLVENT_RECEIVE_H
#define SOLVENT_RECEIVE_H

#include "server/exchange.h"

/* receive_line begins an exchange. NULL: no memory. */
struct exchange *receive_line(struct loop *loop, const char *uri, struct MHD_Connection *mhd);

/* receive_heads reads the headers and finds the endpoint. What makes the end of the body uncertain, or the body too
 * large, is refused here, which ends the connection; what else is wrong is only noted (x->refused), so that the
 * connection lives. */
enum MHD_Result receive_heads(struct exchange *x, const char *method);

/* receive_body takes in a piece of the body, or throws it away where nobody wants it. MHD_NO: cut the connection. */
enum MHD_Result receive_body(struct exchange *x, const char *data, size_t n);

/* receive_id settles the request's id: the client's, or a new one. */
void receive_id(struct exchange *x);

void exchange_free(struct loop *loop, struct exchange *x);
/* exchange_free_spares frees what a loop keeps for reuse. */
void exchange_free_spares(struct loop *loop);

#endif
