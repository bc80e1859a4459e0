#include "core/nn/rate.h"

#include "core/base/elementary.h"

double rate_at(const struct rate *rate, uint64_t step) {
    if (step < rate->warm_up)
        return rate->peak * (double)(step + 1) / (double)rate->warm_up;
    if (rate->steps <= rate->warm_up)
        return rate->peak;
    double way = (double)(step - rate->warm_up) / (double)(rate->steps - rate->warm_up);
    double height = way < 1 ? 0.5 * (1 + elementary_cospi(way)) : 0;
    return rate->peak * (rate->last + (1 - rate->last) * height);
}
