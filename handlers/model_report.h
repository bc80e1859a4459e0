/* model_report.h - what there is to say of a model's folder, for people. */
#ifndef SOLVENT_MODEL_REPORT_H
#define SOLVENT_MODEL_REPORT_H

#include "core/base/buf.h"
#include "handlers/files.h"

/* model_report writes what the folder holds, one line a fact: network, parameters, types, memory, scheduler, warnings;
 * at last, where it could not be served, one line "error: " and the sentence. Every number is read once. `memory` bytes
 * may be used beside the files. false: there was an error. */
bool model_report(struct files *files, enum isa isa, size_t memory, struct buf *out);

#endif
