#include "core/base/ctx.h"
#include "core/base/pages.h"
#include "core/base/spare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocks grow from 8 KiB (most requests need one) by doubling up to 1 MiB; a larger allocation gets a block of its
 * own. */
enum { BLOCK_MIN = 8 << 10, BLOCK_MAX = 1 << 20, WIDE = 64, NARROW = 16 };

struct arena_block {
    struct arena_block *older;
    size_t size, at; /* of data[]: its length, and the first free byte */
    size_t memory;   /* bytes that the block has, its head included; more than it counts for where they were spare */
    void *from;      /* where they begin, for free() */
    _Alignas(WIDE) unsigned char data[];
};

void ctx_init(struct ctx *ctx, size_t cap) {
    memset(ctx, 0, sizeof *ctx);
    ctx->cap = cap;
    ctx->fail_after = SIZE_MAX;
}

static void drop_newest(struct ctx *ctx) {
    struct arena_block *block = ctx->blocks;
    ctx->blocks = block->older;
    ctx->used -= sizeof *block + block->size;
    if (ctx->spare && block->memory >= PAGES_MIN)
        spare_give(ctx->spare, block, block->memory);
    else
        free(block->from);
}

void ctx_release(struct ctx *ctx) {
    while (ctx->blocks)
        drop_newest(ctx);
}

/* out_of_memory returns NULL; the sentence names the cap, since that is what the caller can act on. */
static void *out_of_memory(struct ctx *ctx) {
    (void)ctx_fail(ctx, STATUS_NO_MEMORY, "",
                   "This request needs more memory than the %zu MiB that one request may use.", ctx->cap >> 20);
    return NULL;
}

static size_t next_block_size(const struct ctx *ctx, size_t bytes) {
    size_t size = ctx->blocks ? ctx->blocks->size * 2 : BLOCK_MIN;
    if (size > BLOCK_MAX)
        size = BLOCK_MAX;
    if (size < bytes)
        size = bytes;
    return (size + WIDE - 1) & ~(size_t)(WIDE - 1);
}

/* block_memory is *bytes of memory for a block, a multiple of WIDE, or more; *from is what it lies in. Small ones are cut
 * out of a little more: posix_memalign gives back what is before them, and so every second call tidies up the heap. */
static struct arena_block *block_memory(struct ctx *ctx, size_t *bytes, void **from) {
    if (*bytes < PAGES_MIN) {
        unsigned char *p = *from = malloc(*bytes + WIDE);
        return p ? (struct arena_block *)(void *)(p + (WIDE - (uintptr_t)p % WIDE)) : NULL;
    }
    *from = ctx->spare ? spare_take(ctx->spare, bytes) : NULL;
    if (*from)
        return *from;
    if (posix_memalign(from, PAGES_HUGE, *bytes) != 0)
        return NULL;
    pages_wish(*from, *bytes);
    return *from;
}

static struct arena_block *add_block(struct ctx *ctx, size_t bytes) {
    if (bytes > SIZE_MAX / 2)
        return out_of_memory(ctx);
    size_t size = next_block_size(ctx, bytes);
    if (ctx->used > ctx->cap || sizeof(struct arena_block) + size > ctx->cap - ctx->used)
        return out_of_memory(ctx);
    size_t memory = sizeof(struct arena_block) + size;
    void *from;
    struct arena_block *block = block_memory(ctx, &memory, &from);
    if (!block)
        return out_of_memory(ctx);
    block->from = from;
    block->memory = memory;
    block->older = ctx->blocks;
    block->size = size;
    block->at = 0;
    ctx->blocks = block;
    ctx->used += sizeof *block + size;
    return block;
}

void *ctx_alloc(struct ctx *ctx, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || ctx->fail_after == 0)
        return out_of_memory(ctx);
    if (ctx->fail_after != SIZE_MAX)
        ctx->fail_after--;
    size_t align = bytes >= WIDE ? WIDE : NARROW;
    struct arena_block *block = ctx->blocks;
    size_t at = block ? (block->at + align - 1) & ~(align - 1) : 0;
    if (!block || at > block->size || bytes > block->size - at) {
        if (!(block = add_block(ctx, bytes ? bytes : 1)))
            return NULL;
        at = 0;
    }
    block->at = at + bytes;
    return block->data + at;
}

void *ctx_zalloc(struct ctx *ctx, size_t count, size_t size) {
    void *p = ctx_alloc(ctx, count, size);
    if (p)
        memset(p, 0, count * size);
    return p;
}

struct ctx_mark ctx_mark(struct ctx *ctx) {
    return (struct ctx_mark){ctx->blocks, ctx->blocks ? ctx->blocks->at : 0};
}

void ctx_rewind(struct ctx *ctx, struct ctx_mark mark) {
    while (ctx->blocks != mark.block)
        drop_newest(ctx);
    if (ctx->blocks)
        ctx->blocks->at = mark.at;
}

void error_detail(struct error *error, size_t at, const char *format, va_list args) {
    int n = vsnprintf(error->detail + at, sizeof error->detail - at, format, args);
    if (n < 0 || at + (size_t)n >= sizeof error->detail)
        memcpy(error->detail + sizeof error->detail - 4, "...", 4);
}

enum status(ctx_fail)(struct ctx *ctx, enum status status, const char *pointer, const char *format, ...) {
    snprintf(ctx->err.pointer, sizeof ctx->err.pointer, "%s", pointer);
    va_list args;
    va_start(args, format);
    error_detail(&ctx->err, 0, format, args);
    va_end(args);
    return status;
}

enum status ctx_stopped(struct ctx *ctx) {
    switch (ctx_stop(ctx)) {
    case STOP_NONE: return STATUS_OK;
    case STOP_DEADLINE:
        return ctx_fail(ctx, STATUS_TIMED_OUT, "", "The time limit was reached before there was an answer.");
    case STOP_CANCEL: break;
    }
    return ctx_fail(ctx, STATUS_CANCELLED, "", "The request was cancelled before its answer was ready.");
}

void parallel_for(struct ctx *ctx, size_t n, void (*body)(void *arg, size_t i), void *arg) {
    if (ctx->parallel && ctx->parallel->threads > 1 && n > 1) {
        ctx->parallel->run(ctx->parallel, n, body, arg);
        return;
    }
    for (size_t i = 0; i < n; i++)
        body(arg, i);
}
