#include "core/train/scaler.h"

#include <math.h>

static const double GREATEST = 0x1p127;

struct scaler scaler_begin(void) {
    return (struct scaler){.scale = SCALER_FIRST};
}

void scaler_whole(struct scaler *s) {
    if (++s->whole < SCALER_INTERVAL)
        return;
    s->whole = 0;
    if (s->scale < GREATEST)
        s->scale *= 2;
}

bool scaler_overflow(struct scaler *s) {
    if (s->scale <= SCALER_LEAST)
        return false;
    s->scale /= 2;
    s->whole = 0;
    s->skipped++;
    return true;
}

bool scaler_sound(const struct scaler *s) {
    int exponent;
    return s->scale >= SCALER_LEAST && s->scale <= GREATEST && frexp(s->scale, &exponent) == 0.5 &&
           s->whole < SCALER_INTERVAL;
}
