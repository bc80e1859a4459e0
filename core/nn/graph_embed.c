/* How numbers, times and classes become vectors. */
#include <string.h>

#include "core/base/elementary.h"
#include "core/base/waves.h"
#include "core/nn/graph_parts.h"

enum { WAVES = 64 }; /* that are computed together */

/* The single-precision steps are those of diffusers' embeddings, so that networks trained there see the same. */
static float number(const struct run *r, const struct node *node, size_t image) {
    return node->of == GRAPH_TIME ? r->in->times[image] : (float)r->in->classes[image];
}

/* sinusoids of n angles, from place j of each half of an image's embedding on. */
static void sinusoids(const struct run *r, const struct node *node, size_t image, size_t j, size_t n,
                      const float *angles, bool cos_first) {
    const struct places p = graph_places(r, node->out);
    float *first = p.data + image * p.image_step + j, *second = first + r->g->values[node->out].channels / 2;
    waves_for(r->g->kernels->isa)(n, angles, cos_first ? first : second, cos_first ? second : first);
}

void graph_sinusoid_embedding(const struct run *r, const struct node *node) {
    size_t half = r->g->values[node->out].channels / 2;
    for (size_t j = 0; j < half; j += WAVES) {
        float frequency[WAVES], angles[WAVES];
        size_t n = half - j < WAVES ? half - j : WAVES;
        for (size_t k = 0; k < n; k++) { /* -log 10000 is the first number */
            float exponent = -9.210340371976184f * (float)(j + k) / ((float)half - (float)node->shift);
            frequency[k] = (float)elementary_exp((double)exponent);
        }
        for (size_t i = 0; i < r->images; i++) {
            for (size_t k = 0; k < n; k++)
                angles[k] = number(r, node, i) * frequency[k];
            sinusoids(r, node, i, j, n, angles, node->cos_first);
        }
    }
}

void graph_fourier_embedding(const struct run *r, const struct node *node) {
    size_t half = r->g->values[node->out].channels / 2;
    const float *w = graph_parameter(r, node->weight);
    for (size_t i = 0; i < r->images; i++) {
        float time = (float)elementary_log((double)r->in->times[i]);
        for (size_t j = 0; j < half; j += WAVES) {
            float angles[WAVES];
            size_t n = half - j < WAVES ? half - j : WAVES;
            for (size_t k = 0; k < n; k++)
                angles[k] = time * w[j + k] * 2 * 3.14159265f;
            sinusoids(r, node, i, j, n, angles, false);
        }
    }
}

size_t graph_row(const struct run *r, const struct node *node, size_t image) {
    size_t rows = r->g->parameters[node->weight].shape[0];
    float wanted = number(r, node, image);
    size_t row = wanted > 0 ? (size_t)wanted : 0;
    return row < rows ? row : rows - 1;
}

void graph_row_embedding(const struct run *r, const struct node *node) {
    struct places p = graph_places(r, node->out);
    size_t n = r->g->values[node->out].channels;
    for (size_t i = 0; i < r->images; i++)
        memcpy(p.data + i * p.image_step, graph_parameter(r, node->weight) + graph_row(r, node, i) * n,
               n * sizeof(float));
}
