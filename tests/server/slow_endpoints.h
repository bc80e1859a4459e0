/* slow_endpoints.h - a server for black-box tests whose answers take as long as a test wants: this test program itself, started again
 * as `program serve ...`. It defines the list of endpoints, so that the one of the build is not linked.
 *
 * POST /test/spin  waits `ms` (an honest cost, polls for stop, incumbent at the deadline), then answers how often it ran, `tag` and `pad` zeros
 * POST /test/deaf  the same, but never looks at stop
 * POST /test/draw  answers its seed, drawn if absent
 * POST /test/count writes the lines 0 .. lines-1, each after `every` milliseconds; then fails if told to. At a deadline it
 * ends early, `done` false. As text/event-stream it tells of them as events
 * POST /test/train is always a job: it takes `steps` steps, a checkpoint after each, and kills the process at step `die`
 * POST /test/size  answers how many numbers it was given: cheap, for large bodies */
#ifndef SOLVENT_SLOW_ENDPOINTS_H
#define SOLVENT_SLOW_ENDPOINTS_H

#include <signal.h>
#include <unistd.h>

#include "handlers/call.h"
#include "server/options.h"
#include "server/serve.h"
#include "tests/support/http_client.h"
#include "tests/support/test.h"

struct spin_in {
    int64_t ms, tag, pad, time_limit_ms;
};
struct spin_out {
    int64_t runs, tag;
    bool done;
    struct array pad;
};
static const struct field SPIN_IN[] = {
    FIELD(struct spin_in, ms, INT, "Milliseconds to wait.", .def = "0", FIELD_INTS(0, 1000000)),
    FIELD(struct spin_in, tag, INT, "Echoed.", .def = "0"),
    FIELD(struct spin_in, pad, INT, "Numbers to answer with.", .def = "0", FIELD_INTS(0, 10000000)),
    FIELD(struct spin_in, time_limit_ms, INT, "Time limit.", .role = ROLE_TIME_LIMIT, .def = "0",
          FIELD_INTS(0, 1000000)),
    {0}};
static const struct field SPIN_OUT[] = {
    FIELD(struct spin_out, runs, INT, "How often this ran.", .required = true),
    FIELD(struct spin_out, tag, INT, "The tag.", .required = true),
    FIELD(struct spin_out, done, BOOL, "Not cut short.", .required = true),
    FIELD(struct spin_out, pad, ARRAY, "Zeros.", .required = true, .kinds = KIND_INT),
    {0}};

static atomic_int spin_runs;

static enum status spin_answer(struct call *call, const struct spin_in *in, struct spin_out *out) {
    int64_t *zeros = ctx_zalloc(&call->ctx, (size_t)in->pad, sizeof *zeros);
    if (!zeros)
        return STATUS_NO_MEMORY;
    out->runs = atomic_fetch_add(&spin_runs, 1) + 1;
    out->tag = in->tag;
    out->pad = array_1d(KIND_INT, zeros, (size_t)in->pad);
    return STATUS_OK;
}

static enum status spin_run(struct call *call, const void *params, void *result) {
    const struct spin_in *in = params;
    struct spin_out *out = result;
    out->done = true;
    for (long end = now_ms() + in->ms; now_ms() < end; wait_ms(1)) {
        if (ctx_stop(&call->ctx) == STOP_CANCEL)
            return ctx_stopped(&call->ctx);
        if (ctx_stop(&call->ctx) == STOP_DEADLINE) {
            call->partial = true;
            out->done = false;
            break;
        }
    }
    return spin_answer(call, in, out);
}

static enum status deaf_run(struct call *call, const void *params, void *result) {
    const struct spin_in *in = params;
    struct spin_out *out = result;
    out->done = true;
    wait_ms((int)in->ms);
    return spin_answer(call, in, out);
}

static uint64_t spin_cost(const void *params) { return (uint64_t)((const struct spin_in *)params)->ms * 1000000; }

struct draw {
    int64_t seed;
};
static const struct field DRAW[] = {
    FIELD(struct draw, seed, INT, "Seed.", .role = ROLE_SEED, FIELD_INTS(0, (INT64_C(1) << 53) - 1)), {0}};
static const struct field DRAWN[] = {FIELD(struct draw, seed, INT, "Seed.", .required = true), {0}};

static enum status draw_run(struct call *call, const void *params, void *result) {
    (void)call;
    wait_ms(2);
    ((struct draw *)result)->seed = ((const struct draw *)params)->seed;
    return STATUS_OK;
}
static uint64_t draw_cost(const void *params) { return (void)params, 2000000; }

struct count_in {
    int64_t lines, every, time_limit_ms;
    bool fail;
};
struct count_out {
    int64_t runs, n;
    struct array line; /* never there: lines are streamed */
    bool complete;
};
struct count_told {
    int64_t line;
};
static const struct field COUNT_IN[] = {
    FIELD(struct count_in, lines, INT, "Lines.", .def = "0", FIELD_INTS(0, INT64_MAX)),
    FIELD(struct count_in, every, INT, "Milliseconds before each.", .def = "0", FIELD_INTS(0, 1000000)),
    FIELD(struct count_in, fail, BOOL, "Fail in the end.", .def = "false"),
    FIELD(struct count_in, time_limit_ms, INT, "Time limit.", .role = ROLE_TIME_LIMIT, .def = "0",
          FIELD_INTS(0, 1000000)),
    {0}};
static const struct field COUNT_OUT[] = {FIELD(struct count_out, line, ARRAY, "The lines.", .kinds = KIND_INT),
                                         FIELD(struct count_out, runs, INT, "How often this ran.", .required = true),
                                         FIELD(struct count_out, n, INT, "How many lines.", .required = true),
                                         FIELD(struct count_out, complete, BOOL, "Not cut short.", .required = true),
                                         {0}};
static const struct field COUNT_TOLD[] = {FIELD(struct count_told, line, INT, "The line.", .required = true), {0}};

static atomic_int count_runs;

/* count_wait waits before a line; STATUS_OK with *cut: a deadline came. */
static enum status count_wait(struct call *call, int64_t ms, bool *cut) {
    long end = now_ms() + ms;
    do {
        if (ctx_stop(&call->ctx) == STOP_CANCEL)
            return ctx_stopped(&call->ctx);
        *cut = ctx_stop(&call->ctx) == STOP_DEADLINE;
        if (ms)
            wait_ms(1);
    } while (!*cut && now_ms() < end);
    return STATUS_OK;
}

static enum status count_lines(struct call *call, const void *params, void *result, struct sink *sink) {
    const struct count_in *in = params;
    struct count_out *out = result;
    out->runs = atomic_fetch_add(&count_runs, 1) + 1;
    for (bool cut = false; out->n < in->lines; out->n++) {
        enum status status = count_wait(call, in->every, &cut);
        if (status != STATUS_OK)
            return status;
        call->partial = cut;
        if (cut)
            break;
        call_progress(call, "line", &(struct count_told){out->n});
        if (sink)
            buf_printf(&sink->out, "%lld\n", (long long)out->n);
        if (sink && !sink_line(sink))
            return sink_closed(&call->ctx);
    }
    out->complete = !call->partial;
    return in->fail ? ctx_fail(&call->ctx, STATUS_INVALID, "/fail", "fail is true, and so it fails.") : STATUS_OK;
}

static enum status count_run(struct call *call, const void *params, void *result) {
    return count_lines(call, params, result, NULL);
}

static uint64_t count_cost(const void *params) {
    const struct count_in *in = params;
    return in->lines < 1000000 ? (uint64_t)(in->lines * (in->every * 1000000 + 100)) : 1000000000;
}

struct train_in {
    int64_t steps, die, seed;
};
struct train_out {
    int64_t began, seed, seed_before;
};
static const struct field TRAIN_IN[] = {
    FIELD(struct train_in, steps, INT, "Steps.", .required = true, FIELD_INTS(1, 1000)),
    FIELD(struct train_in, die, INT, "Where to die, without a checkpoint of this step; 0: nowhere.", .def = "0",
          FIELD_INTS(0, 1000)),
    FIELD(struct train_in, seed, INT, "Seed.", .role = ROLE_SEED, FIELD_INTS(0, (INT64_C(1) << 53) - 1)),
    {0}};
static const struct field TRAIN_OUT[] = {
    FIELD(struct train_out, began, INT, "Steps of the checkpoint that it began with.", .required = true),
    FIELD(struct train_out, seed, INT, "Seed.", .required = true),
    FIELD(struct train_out, seed_before, INT, "That of the run which wrote the checkpoint.", .required = true),
    {0}};

struct checkpoint {
    int64_t step, seed;
};

static enum status train_run(struct call *call, const void *params, void *result) {
    const struct train_in *in = params;
    struct train_out *out = result;
    struct checkpoint at = {0, in->seed};
    struct buf saved;
    buf_init(&saved, 1 << 10);
    if (call_saved(call, &saved) && saved.n == sizeof at)
        memcpy(&at, saved.data, sizeof at);
    buf_release(&saved);
    *out = (struct train_out){at.step, in->seed, at.seed};
    while (at.step < in->steps) {
        if (ctx_stop(&call->ctx) == STOP_CANCEL)
            return ctx_stopped(&call->ctx);
        call_share(call, (double)(at.step + 1) / (double)in->steps);
        if (at.step + 1 == in->die && out->began == 0)
            kill(getpid(), SIGKILL);
        at.step++;
        if (!call_save(call, &at, sizeof at))
            return call_fail(call, STATUS_INTERNAL, "", "A checkpoint is not kept.");
    }
    return STATUS_OK;
}

struct size_in {
    struct array values;
};
struct size_out {
    int64_t n;
};
static const struct field SIZE_IN[] = {
    FIELD(struct size_in, values, ARRAY, "Numbers.", .required = true, .kinds = KIND_INT), {0}};
static const struct field SIZE_OUT[] = {FIELD(struct size_out, n, INT, "How many.", .required = true), {0}};

static enum status size_run(struct call *call, const void *params, void *result) {
    (void)call;
    ((struct size_out *)result)->n = (int64_t)((const struct size_in *)params)->values.n;
    return STATUS_OK;
}

static const struct endpoint ep_spin = {.method = "POST",
                                        .route = "/test/spin",
                                        .version = 1,
                                        .title = "Spin",
                                        .doc = "Spin.",
                                        .input = SPIN_IN,
                                        .params_size = sizeof(struct spin_in),
                                        .output = SPIN_OUT,
                                        .result_size = sizeof(struct spin_out),
                                        .cost = spin_cost,
                                        .run = spin_run};
static const struct endpoint ep_deaf = {.method = "POST",
                                        .route = "/test/deaf",
                                        .version = 1,
                                        .title = "Deaf",
                                        .doc = "Deaf.",
                                        .input = SPIN_IN,
                                        .params_size = sizeof(struct spin_in),
                                        .output = SPIN_OUT,
                                        .result_size = sizeof(struct spin_out),
                                        .cost = spin_cost,
                                        .run = deaf_run};
static const struct endpoint ep_draw = {.method = "POST",
                                        .route = "/test/draw",
                                        .version = 1,
                                        .title = "Draw",
                                        .doc = "Draw.",
                                        .input = DRAW,
                                        .params_size = sizeof(struct draw),
                                        .output = DRAWN,
                                        .result_size = sizeof(struct draw),
                                        .cost = draw_cost,
                                        .run = draw_run};
static const struct endpoint ep_count = {.method = "POST",
                                         .route = "/test/count",
                                         .version = 1,
                                         .title = "Count",
                                         .doc = "Count.",
                                         .input = COUNT_IN,
                                         .params_size = sizeof(struct count_in),
                                         .output = COUNT_OUT,
                                         .result_size = sizeof(struct count_out),
                                         .ndjson_output = "line",
                                         .progress = COUNT_TOLD,
                                         .cost = count_cost,
                                         .run = count_run,
                                         .stream = count_lines};
static const struct endpoint ep_train = {.method = "POST",
                                         .route = "/test/train",
                                         .version = 1,
                                         .title = "Train",
                                         .doc = "Train.",
                                         .input = TRAIN_IN,
                                         .params_size = sizeof(struct train_in),
                                         .output = TRAIN_OUT,
                                         .result_size = sizeof(struct train_out),
                                         .cache = CACHE_NEVER,
                                         .job_only = true,
                                         .run = train_run};
static const struct endpoint ep_size = {.method = "POST",
                                        .route = "/test/size",
                                        .version = 1,
                                        .title = "Size",
                                        .doc = "Size.",
                                        .input = SIZE_IN,
                                        .params_size = sizeof(struct size_in),
                                        .output = SIZE_OUT,
                                        .result_size = sizeof(struct size_out),
                                        .run = size_run};
extern const struct endpoint ep_healthz, ep_readyz, ep_metrics, ep_openapi;
extern const struct endpoint ep_sample, ep_models, ep_model, ep_model_remove, ep_models_add, ep_models_rescan,
    ep_images; /* for models */
extern const struct endpoint ep_sample_rows;
extern const struct endpoint ep_batch, ep_runtime;
extern const struct endpoint ep_jobs, ep_job, ep_job_cancel, ep_job_events, ep_job_result;

const struct endpoint *const endpoints[] = {&ep_sample,       &ep_models,  &ep_model,      &ep_models_rescan,
                                            &ep_batch,        &ep_runtime, &ep_spin,       &ep_deaf,
                                            &ep_draw,         &ep_size,    &ep_count,      &ep_healthz,
                                            &ep_readyz,       &ep_metrics, &ep_openapi,    &ep_images,
                                            &ep_jobs,         &ep_job,     &ep_job_cancel, &ep_job_events,
                                            &ep_job_result,   &ep_train,   &ep_models_add, &ep_sample_rows,
                                            &ep_model_remove, NULL};

/* serve_if_asked is the first thing main does: true where this process was the server; then *code is its exit code. */
static inline bool serve_if_asked(int argc, char **argv, int *code) {
    struct options options;
    char error[OPTIONS_ERROR];
    int n;
    if (argc < 2 || strcmp(argv[1], "serve"))
        return false;
    if (!options_parse(&options, argc - 1, argv + 1, &n, error)) {
        fprintf(stderr, "%s\n", error);
        *code = 2;
    } else {
        *code = serve(&options);
    }
    return true;
}

static inline void start(struct test_server *server, const char *const *arguments) {
    assert_true(server_start(server, "/proc/self/exe", arguments));
}
#define START(server, ...) start(server, (const char *const[]){__VA_ARGS__, NULL})

/* metric reads one number from /metrics; -1 where it is not there. */
static inline double metric(int port, const char *name) {
    struct response r;
    if (!ask_once(port, "GET", "/metrics", "", NULL, &r))
        return -1;
    char line[256];
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(r.body, line);
    double value = at ? strtod(at + strlen(line), NULL) : -1;
    response_free(&r);
    return value;
}

/* await_metric waits until a metric has (at least) a value. */
static inline bool await_metric(int port, const char *name, double wanted, int wait) {
    for (long end = now_ms() + wait; now_ms() < end; wait_ms(5))
        if (metric(port, name) >= wanted)
            return true;
    return false;
}

/* metric_becomes waits until a metric has this value: what a request leaves behind is counted after its answer has left,
 * and the question before may still be in flight on another loop. */
static inline bool metric_becomes(int port, const char *name, double wanted) {
    for (long end = now_ms() + 20000; now_ms() < end; wait_ms(5))
        if (metric(port, name) == wanted)
            return true;
    return false;
}

#endif
