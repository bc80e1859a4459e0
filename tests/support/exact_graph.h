/* exact_graph.h - a graph's formulas in double precision, operation by operation in the plainest loops: the oracle of
 * derivatives, by central differences. What a graph has in bfloat16 (graph_halve_products) is rounded to it here, too. */
#ifndef SOLVENT_TEST_EXACT_GRAPH_H
#define SOLVENT_TEST_EXACT_GRAPH_H

#include "core/nn/graph.h"

/* exact_graph gives [images][height][width][channels] outputs, malloc'ed, for weights[all parameters one after another]
 * and x[images][height][width][channels]. *floats, where not NULL, gets how many an image has. */
double *exact_graph(const struct graph *g, const double *weights, size_t images, const double *x, const float *times,
                    const int64_t *classes, size_t *floats);

#endif
