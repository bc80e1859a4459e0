/* jobs_report.h - a job as its clients are told of it. */
#ifndef SOLVENT_JOBS_REPORT_H
#define SOLVENT_JOBS_REPORT_H

#include "handlers/job_report.h"
#include "server/jobs.h"

enum { JOBS_INLINE_BYTES = 64 << 10 }; /* larger results are not a part of the report */

/* jobs_report_fill fills all but result and problem. */
void jobs_report_fill(const struct look *look, struct job_report *out);

/* jobs_report_inline says whether the job's result is a part of its report. */
bool jobs_report_inline(const struct look *look);

/* jobs_report_body puts a result that is a part of it into the report; body is borrowed. */
void jobs_report_body(const struct look *look, const void *body, size_t n, struct job_report *out);

/* jobs_report_event writes the last event of a job that ended, which has the report as its data:
 * "id: end\nevent: done\ndata: {...}\n\n". body NULL: nothing is kept of it. */
void jobs_report_event(const struct look *look, const void *body, size_t n, struct buf *out);

/* jobs_report_state writes the event of a job that has not ended, which has no number: "event: state\ndata: ..." */
void jobs_report_state(const struct look *look, struct buf *out);

#endif
