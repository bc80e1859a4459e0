#include "server/pool.h"

#include <pthread.h>
#include <time.h>

#include "tests/support/test.h"

struct counted {
    struct pool_task task;
    atomic_int *runs;
};

static void count_run(struct pool_task *task, unsigned worker) {
    (void)worker;
    atomic_fetch_add(((struct counted *)task)->runs, 1);
}

static void every_task_runs_once(void **state) {
    (void)state;
    enum { N = 2000 };
    static struct counted tasks[N];
    atomic_int runs = 0;
    struct pool *pool = pool_open(4, N);
    assert_non_null(pool);
    for (int i = 0; i < N; i++) {
        tasks[i] = (struct counted){{.run = count_run}, &runs};
        assert_true(pool_push(pool, &tasks[i].task));
    }
    pool_close(pool);
    assert_int_equal(runs, N);
}

struct gate {
    struct pool_task task;
    atomic_int *open, *entered;
};

static void wait_for_gate(struct pool_task *task, unsigned worker) {
    struct gate *gate = (struct gate *)task;
    (void)worker;
    atomic_fetch_add(gate->entered, 1);
    while (!atomic_load(gate->open))
        nanosleep(&(struct timespec){0, 100000}, NULL);
}

static void await(atomic_int *value, int wanted) {
    while (atomic_load(value) < wanted)
        nanosleep(&(struct timespec){0, 100000}, NULL);
}

static void a_full_queue_refuses_and_gives_tasks_back(void **state) {
    (void)state;
    atomic_int open = 0, entered = 0, runs = 0;
    struct gate gate = {{.run = wait_for_gate}, &open, &entered};
    struct counted a = {{.run = count_run}, &runs}, b = a, c = a;
    struct pool_stats stats;
    struct pool *pool = pool_open(1, 2);
    assert_true(pool_push(pool, &gate.task));
    await(&entered, 1);
    assert_true(pool_push(pool, &a.task));
    assert_false(pool_full(pool));
    assert_true(pool_push(pool, &b.task));
    assert_true(pool_full(pool));
    assert_false(pool_push(pool, &c.task));
    pool_stats(pool, &stats);
    assert_int_equal(stats.queued, 2);
    assert_int_equal(stats.busy, 1);
    assert_true(pool_remove(pool, &a.task));
    assert_false(pool_remove(pool, &a.task));
    assert_false(pool_remove(pool, &gate.task));
    assert_true(pool_push(pool, &c.task));
    atomic_store(&open, 1);
    pool_close(pool);
    assert_int_equal(runs, 2);
}

static void mark(void *arg, size_t i) { atomic_fetch_add(&((atomic_int *)arg)[i], 1); }

static void parallel_for_visits_each_index_once(void **state) {
    (void)state;
    enum { N = 1000 };
    static atomic_int seen[N];
    struct pool *pool = pool_open(3, 0);
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    ctx.parallel = pool_parallel(pool);
    assert_int_equal(ctx.parallel->threads, 4);
    for (int round = 1; round <= 200; round++) {
        size_t n = round < 100 ? (size_t)round : N;
        for (size_t i = 0; i < N; i++)
            atomic_store(&seen[i], 0);
        parallel_for(&ctx, n, mark, seen);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(seen[i], i < n);
    }
    pool_close(pool);
    ctx_release(&ctx);
}

struct ends {
    pthread_t caller;
    atomic_int entered, first[2]; /* of the caller, of the helper: index + 1 */
};

/* enter notes a thread's first index, and the caller stays in its own until the other thread has one. */
static void enter(void *arg, size_t i) {
    struct ends *ends = arg;
    int none = 0, who = !pthread_equal(pthread_self(), ends->caller);
    atomic_compare_exchange_strong(&ends->first[who], &none, (int)i + 1);
    atomic_fetch_add(&ends->entered, 1);
    if (!who)
        await(&ends->entered, 2);
}

static void a_helper_begins_at_the_end(void **state) {
    (void)state;
    enum { N = 9 };
    struct ends ends = {.caller = pthread_self()};
    struct pool *pool = pool_open(1, 0);
    pool_parallel(pool)->run(pool_parallel(pool), N, enter, &ends);
    pool_close(pool);
    assert_int_equal(ends.entered, N);
    assert_int_equal(ends.first[1], N);
    assert_true(ends.first[0] == 1 || ends.first[0] == 0); /* or the helper was so fast that nothing was left */
}

struct nested {
    struct pool_task task;
    struct pool *pool;
    atomic_int *leaves;
};

static void leaf(void *arg, size_t i) {
    (void)i;
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void branch(void *arg, size_t i) {
    struct nested *nested = arg;
    struct ctx ctx;
    (void)i;
    ctx_init(&ctx, 1 << 20);
    ctx.parallel = pool_parallel(nested->pool);
    parallel_for(&ctx, 8, leaf, nested->leaves);
    ctx_release(&ctx);
}

static void run_nested(struct pool_task *task, unsigned worker) {
    struct nested *nested = (struct nested *)task;
    struct ctx ctx;
    (void)worker;
    ctx_init(&ctx, 1 << 20);
    ctx.parallel = pool_parallel(nested->pool);
    parallel_for(&ctx, 8, branch, nested);
    ctx_release(&ctx);
}

/* More tasks than workers, each with nested loops: every worker is busy when the inner loops begin. */
static void nested_loops_do_not_lock_up(void **state) {
    (void)state;
    enum { N = 300 };
    static struct nested tasks[N];
    atomic_int leaves = 0;
    struct pool *pool = pool_open(3, N);
    for (int i = 0; i < N; i++) {
        tasks[i] = (struct nested){{.run = run_nested}, pool, &leaves};
        assert_true(pool_push(pool, &tasks[i].task));
    }
    pool_close(pool);
    assert_int_equal(leaves, N * 8 * 8);
}

static void idle_workers_help(void **state) {
    (void)state;
    atomic_int open = 0, entered = 0;
    struct pool *pool = pool_open(2, 4);
    struct gate gate = {{.run = wait_for_gate}, &open, &entered};
    assert_true(pool_push(pool, &gate.task)); /* one worker is busy for good; the other one helps */
    await(&entered, 1);
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    ctx.parallel = pool_parallel(pool);
    static atomic_int seen[64];
    parallel_for(&ctx, 64, mark, seen);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(seen[i], 1);
    atomic_store(&open, 1);
    pool_close(pool);
    ctx_release(&ctx);
}

static void slow_tasks_leave_a_worker_for_quick_ones(void **state) {
    (void)state;
    atomic_int open = 0, entered = 0, runs = 0;
    struct gate slow[4];
    struct counted quick = {{.run = count_run}, &runs};
    struct pool_stats stats;
    struct pool *pool = pool_open(2, 10);
    for (size_t i = 0; i < COUNT(slow); i++) {
        slow[i] = (struct gate){{.run = wait_for_gate, .slow = true}, &open, &entered};
        assert_true(pool_push(pool, &slow[i].task));
    }
    await(&entered, 1);
    assert_true(pool_push(pool, &quick.task));
    await(&runs, 1); /* behind four slow ones, and yet */
    pool_stats(pool, &stats);
    assert_int_equal(stats.queued, 3);
    assert_int_equal(entered, 1);
    atomic_store(&open, 1);
    pool_close(pool);
    assert_int_equal(entered, 4);
}

static void one_worker_runs_slow_tasks_too(void **state) {
    (void)state;
    atomic_int open = 1, entered = 0;
    struct gate slow = {{.run = wait_for_gate, .slow = true}, &open, &entered};
    struct pool *pool = pool_open(1, 10);
    assert_true(pool_push(pool, &slow.task));
    pool_close(pool);
    assert_int_equal(entered, 1);
}

struct long_loop {
    struct pool_task task;
    struct pool *pool;
    atomic_int *open, *entered, seen[64];
};

static void wait_inside(void *arg, size_t i) {
    struct long_loop *loop = arg;
    atomic_fetch_add(&loop->seen[i], 1);
    atomic_fetch_add(loop->entered, 1);
    for (int k = 0; k < 20 && !atomic_load(loop->open); k++)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static void run_long_loop(struct pool_task *task, unsigned worker) {
    struct long_loop *loop = (struct long_loop *)task;
    (void)worker;
    pool_parallel(loop->pool)->run(pool_parallel(loop->pool), 64, wait_inside, loop);
}

static void helpers_leave_for_quick_tasks(void **state) {
    (void)state;
    atomic_int open = 0, entered = 0, runs = 0;
    static struct long_loop loop;
    struct counted quick = {{.run = count_run}, &runs};
    struct pool *pool = pool_open(2, 10);
    loop = (struct long_loop){{.run = run_long_loop, .slow = true}, pool, &open, &entered, {0}};
    assert_true(pool_push(pool, &loop.task));
    await(&entered, 2); /* both workers are inside */
    assert_true(pool_push(pool, &quick.task));
    await(&runs, 1);
    assert_true(entered < 64); /* the loop is not through */
    atomic_store(&open, 1);
    pool_close(pool);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(loop.seen[i], 1);
}

static void the_wait_is_tasks_times_their_time(void **state) {
    (void)state;
    atomic_int open = 0, entered = 0, runs = 0;
    struct gate first = {{.run = wait_for_gate}, &open, &entered}, second = first;
    struct counted a = {{.run = count_run}, &runs}, b = a;
    struct pool_stats stats = {.busy = 1};
    struct pool *pool = pool_open(1, 2);
    assert_true(pool_push(pool, &first.task));
    assert_true(pool_push(pool, &a.task));
    assert_true(pool_wait_ns(pool) == 0); /* nothing has been measured yet */
    assert_true(pool_remove(pool, &a.task));
    await(&entered, 1);
    atomic_store(&open, 1);
    for (; stats.busy || stats.queued; pool_stats(pool, &stats))
        nanosleep(&(struct timespec){0, 100000}, NULL);
    atomic_store(&open, 0);
    assert_true(pool_push(pool, &second.task));
    await(&entered, 2);
    assert_true(pool_wait_ns(pool) == 0); /* nobody waits */
    assert_true(pool_push(pool, &a.task));
    int64_t one = pool_wait_ns(pool);
    assert_true(one > 0);
    assert_true(pool_push(pool, &b.task));
    assert_true(pool_wait_ns(pool) == 2 * one);
    atomic_store(&open, 1);
    pool_close(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_runs_once),
        cmocka_unit_test(a_full_queue_refuses_and_gives_tasks_back),
        cmocka_unit_test(parallel_for_visits_each_index_once),
        cmocka_unit_test(a_helper_begins_at_the_end),
        cmocka_unit_test(nested_loops_do_not_lock_up),
        cmocka_unit_test(idle_workers_help),
        cmocka_unit_test(slow_tasks_leave_a_worker_for_quick_ones),
        cmocka_unit_test(one_worker_runs_slow_tasks_too),
        cmocka_unit_test(helpers_leave_for_quick_tasks),
        cmocka_unit_test(the_wait_is_tasks_times_their_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
