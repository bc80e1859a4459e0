/* jobs_host.h - what requests do with jobs: become one, ask for one, listen to one. On the workers of the pool, since all
 * of it may wait for the disk. */
#ifndef SOLVENT_JOBS_HOST_H
#define SOLVENT_JOBS_HOST_H

#include "server/job.h"

/* jobs_host is what the host lends to the endpoints of jobs (self: the server). */
extern const struct host_jobs jobs_host;

/* job_submit makes a job of a request: job->answer is the 202 and job->location where to ask, or call.status says why
 * not. */
void job_submit(struct job *job);

/* job_listen gives a request for events its reader, or an answer without a body where there is nothing more to come; else
 * call.status says why not. */
void job_listen(struct job *job);

#endif
