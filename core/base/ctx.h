/* ctx.h - what a request lends to the core: memory, a stop signal, threads, a place for the error.
 *
 *     struct ctx ctx;
 *     ctx_init(&ctx, 64 << 20);               may use up to 64 MiB
 *     int64_t *a = ctx_alloc(&ctx, n, sizeof *a);
 *     if (!a) return STATUS_NO_MEMORY;        ctx->err is already set
 *     ...
 *     ctx_release(&ctx);                      frees all that was allocated
 *
 * Threads: one ctx belongs to one thread at a time. Bodies of parallel_for must not allocate from it. */
#ifndef SOLVENT_CTX_H
#define SOLVENT_CTX_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cpu.h"
#include "core/base/status.h"

/* The error of a request: the place as a JSON Pointer into the request ("" is the whole of it)
 * and one full sentence: what is wrong and what was wanted. */
struct error {
    char pointer[192];
    char detail[832];
};

/* error_detail writes the sentence from byte `at` on; what does not fit ends in "...". */
void error_detail(struct error *error, size_t at, const char *format, va_list args);

/* Why the host wants a computation to end. Written by the host's watchdog, read by the core. */
enum stop {
    STOP_NONE = 0,
    STOP_DEADLINE = 1, /* the time limit: answer the incumbent where there is one */
    STOP_CANCEL = 2,   /* nobody waits any more: give up with STATUS_CANCELLED */
};

/* The host's threads. run() calls body(arg, i) for every i in 0 .. n-1, in any order, on any thread, and returns
 * when all are done. */
struct parallel {
    size_t threads; /* how many bodies may run at once, >= 1 */
    void (*run)(struct parallel *self, size_t n, void (*body)(void *arg, size_t i), void *arg);
};

/* A time of the caller's own, before the host's: work that can answer what it has by then looks whether it is over,
 * and ends as at the deadline. */
struct time_limit {
    void *self;
    bool (*over)(void *self); /* from any thread, unless who looks says otherwise */
};

struct arena_block;
struct spare; /* spare.h */

struct ctx {
    struct arena_block *blocks; /* newest first */
    size_t used, cap;           /* bytes taken from the system so far, and at most */
    size_t fail_after;          /* tests: this many allocations succeed, then all fail; SIZE_MAX: off */
    const atomic_int *stop;     /* NULL: never; else an enum stop */
    struct parallel *parallel;  /* NULL: the calling thread only */
    struct spare *spare;        /* where large memory comes from and goes to; NULL: the system */
    enum isa isa;               /* whose kernels to run; it is here (cpu.h) */
    struct error err;
};

void ctx_init(struct ctx *ctx, size_t cap);

/* ctx_release frees every allocation. The ctx may be initialised again. */
void ctx_release(struct ctx *ctx);

/* ctx_alloc returns count * size bytes, aligned to 64 from 64 bytes on and to 16 below, not cleared; NULL (and
 * ctx->err) where the cap is reached or the product overflows. Zero bytes give a pointer that may not be read. */
void *ctx_alloc(struct ctx *ctx, size_t count, size_t size) MUST_CHECK;

/* ctx_zalloc is ctx_alloc, cleared. */
void *ctx_zalloc(struct ctx *ctx, size_t count, size_t size) MUST_CHECK;

/* Scratch: what is allocated between a mark and its rewind is freed by the rewind. Marks nest. */
struct ctx_mark {
    struct arena_block *block;
    size_t at;
};
struct ctx_mark ctx_mark(struct ctx *ctx);
void ctx_rewind(struct ctx *ctx, struct ctx_mark mark);

/* ctx_fail records the sentence and returns the status, so that callers write `return ctx_fail(...)`. */
enum status ctx_fail(struct ctx *ctx, enum status status, const char *pointer, const char *format, ...)
    PRINTF_LIKE(4, 5);
#ifdef __clang_analyzer__ /* it does not see the body, and would follow an error on as if it were none */
#define ctx_fail(ctx, code, ...) ((void)ctx_fail(ctx, code, __VA_ARGS__), (code))
#endif

/* ctx_stop says whether, and why, the host wants this to end. Cheap: one relaxed load. */
static inline enum stop ctx_stop(const struct ctx *ctx) {
    return ctx->stop ? (enum stop)atomic_load_explicit(ctx->stop, memory_order_relaxed) : STOP_NONE;
}

/* ctx_stopped fails with CANCELLED or TIMED_OUT where ctx_stop asks for an end; for work without an incumbent. */
enum status ctx_stopped(struct ctx *ctx) MUST_CHECK;

/* parallel_for runs body(arg, i) for i in 0 .. n-1 on the host's threads, or in order on this one. The caller splits
 * work into the same pieces whatever the number of threads; so the answer's bits cannot depend on it. */
void parallel_for(struct ctx *ctx, size_t n, void (*body)(void *arg, size_t i), void *arg);

#endif
