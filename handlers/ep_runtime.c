#include "handlers/call.h"

static const char *const ROLES[] = {"main", "loop", "worker", "watchdog", "writer", "job", "other", NULL};
static const char *const STATES[] = {"running", "sleeping", "waiting", "stopped", "ending", NULL};

static const struct field THREAD[] = {
    FIELD(struct runtime_thread, id, INT, "The system's number of the thread.", .required = true),
    FIELD(struct runtime_thread, name, STRING, "Its name.", .required = true),
    FIELD(
        struct runtime_thread, role, ENUM,
        "`main` waits for signals, a `loop` speaks HTTP, a `worker` computes, the `watchdog` sees to deadlines and to "
        "clients that left, a `writer` brings answers to the disk, a `job` works on jobs or helps with one.",
        .required = true, .names = ROLES),
    FIELD(struct runtime_thread, state, ENUM, "As the system's scheduler sees it; `waiting` is for a disk.",
          .required = true, .names = STATES),
    FIELD(struct runtime_thread, cpu_ms, INT, "Milliseconds that it has computed, in steps of the system's clock.",
          .required = true),
    FIELD(struct runtime_thread, route, STRING, "Of a worker that has a request or a job: what it solves.",
          .present = offsetof(struct runtime_thread, busy)),
    FIELD(struct runtime_thread, request_id, STRING, "The request's id, as in the log and in `X-Request-Id`.",
          .present = offsetof(struct runtime_thread, busy)),
    FIELD(struct runtime_thread, busy_ms, INT, "Milliseconds since it began.",
          .present = offsetof(struct runtime_thread, busy)),
    {0},
};

static const struct field OUTPUT[] = {
    FIELD(struct runtime, process, INT, "The system's number of the process.", .required = true),
    FIELD(struct runtime, uptime_ms, INT, "Milliseconds since it started.", .required = true),
    FIELD(struct runtime, threads, LIST, "All of its threads, by their number.", .required = true, .fields = THREAD,
          .size = sizeof(struct runtime_thread)),
    {0},
};

static enum status run(struct call *call, const void *params, void *result) {
    (void)params;
    if (!call->host->runtime)
        return call_fail(call, STATUS_UNREADY, "", "This host does not tell what its threads do.");
    return call->host->runtime(call->host->self, &call->ctx, result);
}

const struct endpoint ep_runtime = {
    .method = "GET",
    .route = "/v1/runtime/threads",
    .version = 1,
    .title = "What the threads of this process do",
    .doc = "The process, its threads, and what each worker solves now. A worker that helps another one with a part of "
           "its request has no request of its own here.",
    .cache = CACHE_NEVER,
    .output = OUTPUT,
    .result_size = sizeof(struct runtime),
    .answer = "{\"process\":4711,\"uptime_ms\":60000,\"threads\":[{\"id\":4711,\"name\":\"solvent\",\"role\":\"main\","
              "\"state\":\"sleeping\",\"cpu_ms\":10},{\"id\":4712,\"name\":\"worker-0\",\"role\":\"worker\",\"state\":"
              "\"running\",\"cpu_ms\":1250,\"route\":\"/v1/solve/knapsack\",\"request_id\":\"5f1b2c3d4e5f6071\","
              "\"busy_ms\":310}]}",
    .run = run,
};
