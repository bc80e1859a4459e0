/* trace_commands.h - a trace as commands for the player of algorithm-visualizer: {"key", "method", "args"} objects.
 *
 * There is a log, and an Array1DTracer where the trace has an array of one level; a VerticalLayout holds both and is
 * the root.
 * Each step is a line of the log; "set" and "swap" patch their places with the new values, all others select theirs;
 * then comes a delay (key null), where the player stops, and after it the places are released. Replaying the patches
 * gives what replaying the steps gives. */
#ifndef SOLVENT_TRACE_COMMANDS_H
#define SOLVENT_TRACE_COMMANDS_H

#include "core/base/buf.h"
#include "core/base/trace.h"

/* trace_commands_write writes the commands with `between` between any two: a comma, or a newline. */
void trace_commands_write(struct buf *out, const struct trace *trace, char between);

#endif
