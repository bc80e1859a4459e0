/* http.h - the life of a request, as libmicrohttpd's callbacks tell it. All run on the loop's thread; cls is the struct
 * loop.
 *
 * http_line       the request line is there: an exchange begins
 * http_request    1st call: headers. Nothing is answered yet but to reject: an early answer costs the connection
 *                 then with each piece of the body; then once more at its end: answered from the cache, computed, or
 * parked and once more when a parked one was resumed http_completed  the answer was sent, or the connection ended:
 * logged, counted, freed */
#ifndef SOLVENT_HTTP_H
#define SOLVENT_HTTP_H

#include <microhttpd.h>

void *http_line(void *cls, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result http_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                             const char *version, const char *data, size_t *data_size, void **context);
void http_completed(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code);

#endif
