/* source_file.h - source/points.safetensors of a model's folder: points that its flow starts from in place of standard
 * normal numbers. It has one tensor, "points": [n][features] of rows, as the data are, or [n][channels][height][width] of
 * images of -1 .. 1. */
#ifndef SOLVENT_SOURCE_FILE_H
#define SOLVENT_SOURCE_FILE_H

#include "handlers/files.h"
#include "handlers/safetensors.h"

#define SOURCE_FILE "source/points.safetensors"
enum { SOURCE_POINTS_MAX = 1000 * 1000 };

/* source_file_open finds the tensor; *out NULL: there is no such file. Errors: INVALID (no file of that kind, or not this
 * one tensor of 1 to SOURCE_POINTS_MAX points), NO_MEMORY; those of files->open. */
enum status source_file_open(struct ctx *ctx, struct files *files, const struct tensor_entry **out) MUST_CHECK;

/* source_file_read wants points of a shape and gives them, in the arena. Errors: INVALID (another shape; a number that is
 * not finite), NO_MEMORY. */
enum status source_file_read(struct ctx *ctx, const struct tensor_entry *source, size_t dims, const size_t *shape,
                             float **points) MUST_CHECK;

/* source_file_write appends the file of n points. */
void source_file_write(const float *points, size_t n, size_t dims, const size_t *shape, struct buf *out);

#endif
