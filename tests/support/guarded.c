#include "tests/support/guarded.h"

#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/test.h"

static size_t bytes_of(size_t n) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (n * sizeof(float) + page - 1) / page * page;
}

float *guarded(size_t n, uint64_t *seed) {
    size_t bytes = bytes_of(n), page = (size_t)sysconf(_SC_PAGESIZE);
    char *p = mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    assert_int_equal(mprotect(p + bytes, page, PROT_NONE), 0);
    float *f = (float *)(p + bytes) - n;
    for (size_t i = 0; i < n; i++)
        f[i] = (float)((double)(int64_t)test_below(seed, 8000001) * 1e-6 - 4);
    return f;
}

void drop(float *f, size_t n) { munmap((char *)(f + n) - bytes_of(n), bytes_of(n) + (size_t)sysconf(_SC_PAGESIZE)); }
