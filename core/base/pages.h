/* pages.h - huge pages for large memory: the first touch of 80 MB then takes 40 faults instead of 20,000, which cost
 * more than sliding a window over what is in it; and scattered accesses find their addresses sooner. */
#ifndef SOLVENT_PAGES_H
#define SOLVENT_PAGES_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGES_HUGE = 2 << 20, PAGES_MIN = 2 * PAGES_HUGE }; /* smaller memory is left as it is */

/* pages_wish asks for huge pages inside of p[0 .. n-1]. Whether the wish is granted changes nothing but the speed. */
static inline void pages_wish(void *p, size_t n) {
#ifdef MADV_HUGEPAGE
    uintptr_t first = ((uintptr_t)p + PAGES_HUGE - 1) & ~(uintptr_t)(PAGES_HUGE - 1), end = (uintptr_t)p + n;
    if (n >= PAGES_MIN)
        (void)madvise((char *)p + (first - (uintptr_t)p), (end - first) & ~(uintptr_t)(PAGES_HUGE - 1), MADV_HUGEPAGE);
#endif
}

#endif
