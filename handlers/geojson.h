/* geojson.h - a GeoJSON object read: a geometry, a Feature, or a FeatureCollection, in the plane. A FeatureCollection has
 * one Feature; with WKT_MANY any number, and a GeometryCollection may stand for a geometry; their paths follow each
 * other.
 *
 * Source:  RFC 7946. Members that a geometry does not need are let be. Positions of other than two numbers and
 *          collections within a GeometryCollection are refused with a sentence.
 * Cost:    linear. Threads: reentrant. */
#ifndef SOLVENT_GEOJSON_H
#define SOLVENT_GEOJSON_H

#include "handlers/wkt.h"

/* geojson_read reads a JSON object, as a JSON field gives it, of one of `types` (of enum wkt_type; there is no
 * LINEARRING). Errors: INVALID at a place below `pointer`, NO_MEMORY. */
enum status geojson_read(struct ctx *ctx, struct str text, unsigned types, const char *pointer,
                         struct wkt *out) MUST_CHECK;

#endif
