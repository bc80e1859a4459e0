#include "core/nn/initial.h"

#include <math.h>
#include <string.h>

#include "core/base/normal.h"
#include "core/base/philox.h"

static void normal(uint64_t seed, size_t parameter, double std, size_t n, float *to) {
    enum { ROW = 256 };
    double row[ROW];
    for (size_t i = 0; i < n; i++) {
        if (i % ROW == 0)
            normal_rows(seed, NORMAL_WEIGHTS, (uint32_t)parameter, i / ROW, 1, ROW, row);
        to[i] = (float)(std * row[i % ROW]);
    }
}

static void uniform(uint64_t seed, size_t parameter, double bound, size_t n, float *to) {
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t words[4];
    for (size_t i = 0; i < n; i++) {
        if (i % 4 == 0)
            philox4x32(key, (const uint32_t[4]){(uint32_t)(i / 4), 0, (uint32_t)parameter, NORMAL_WEIGHTS}, words);
        to[i] = (float)(((double)words[i % 4] + 0.5) * 0x1p-31 * bound - bound);
    }
}

static void fill(float *to, size_t n, float value) {
    for (size_t i = 0; i < n; i++)
        to[i] = value;
}

void initial_weights(const struct graph *graph, uint64_t seed, float *weights) {
    const struct parameter *list;
    size_t n = graph_parameters(graph, &list);
    for (size_t i = 0; i < n; weights += list[i++].n)
        switch (list[i].role) {
        case PARAMETER_ONE: fill(weights, list[i].n, 1); break;
        case PARAMETER_ZERO: fill(weights, list[i].n, 0); break;
        case PARAMETER_EMBEDDING: normal(seed, i, 1, list[i].n, weights); break;
        case PARAMETER_WEIGHT:
        case PARAMETER_BIAS: uniform(seed, i, 1 / sqrt((double)list[i].fan_in), list[i].n, weights); break;
        }
}

size_t initial_normal(const struct graph *graph, const char *part, double std, uint64_t seed, float *weights) {
    const struct parameter *list;
    size_t n = graph_parameters(graph, &list), found = 0;
    for (size_t i = 0; i < n; weights += list[i++].n)
        if (strstr(list[i].name, part)) {
            normal(seed, i, std, list[i].n, weights);
            found++;
        }
    return found;
}
