#include "server/cli_call.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handlers/call.h"
#include "server/clock.h"
#include "server/log.h"
#include "server/machine.h"
#include "server/models.h"
#include "server/options.h"
#include "server/pool.h"
#include "server/runtime.h"
#include "server/watchdog.h"

#define SHOW_NS (50 * NS_PER_MS)

static const size_t ANSWER_MAX = (size_t)1 << 31;

static atomic_int stop; /* of the one call there is; the handler of SIGINT has no other way to it */

static void on_interrupt(int number) {
    (void)number;
    atomic_store(&stop, STOP_CANCEL);
}

static void on_deadline(struct watch *watch, enum watch_event event) {
    (void)watch, (void)event;
    int none = STOP_NONE;
    atomic_compare_exchange_strong(&stop, &none, STOP_DEADLINE);
}

static int64_t now_ns(void *self) {
    (void)self;
    return clock_ns();
}

static uint64_t draw_seed(void *self) {
    (void)self;
    return machine_random() >> 11;
}
static enum status read_runtime(void *self, struct ctx *ctx, struct runtime *out) {
    (void)self;
    return runtime_read(NULL, ctx, out);
}

/* Standard output as a sink: what comes slowly is shown at once, what comes fast in large pieces. */
struct output {
    struct sink sink;
    int64_t shown_ns;
    bool begun, broken;
};

static bool flush(struct output *output) {
    struct buf *out = &output->sink.out;
    output->broken |= fwrite(out->data, 1, out->n, stdout) != out->n || fflush(stdout) != 0;
    output->begun = true;
    output->shown_ns = clock_ns();
    buf_clear(out);
    output->sink.whole = 0;
    return !output->broken;
}

static bool send_output(struct sink *sink) {
    struct output *output = (struct output *)sink;
    return (sink->out.n < sink->full && clock_ns() - output->shown_ns < SHOW_NS) || flush(output);
}

static void open_output(struct output *output) {
    *output = (struct output){.sink = {.full = 64 << 10, .hungry = true, .send = send_output}};
    buf_init(&output->sink.out, ANSWER_MAX);
}

/* close_output shows the rest, with the newline that JSON alone has not; false where something could not be written. */
static bool close_output(struct output *output) {
    struct buf *out = &output->sink.out;
    if (out->n && out->data[out->n - 1] != '\n')
        buf_byte(out, '\n');
    bool fine = flush(output);
    if (!fine)
        fprintf(stderr, "solvent: Cannot write the answer: %s.\n", strerror(errno));
    buf_release(out);
    return fine;
}

static bool read_input(struct buf *body) {
    for (;;) {
        char *to = buf_room(body, 1 << 16);
        if (!to)
            return false;
        ssize_t n = read(STDIN_FILENO, to, 1 << 16);
        if (n < 0 && errno == EINTR && !atomic_load(&stop))
            continue;
        if (n <= 0)
            return n == 0;
        buf_commit(body, (size_t)n);
    }
}

/* solve answers the decoded call within its time; false: a problem. */
static bool solve(struct call *call, const struct options *options, enum media media, struct sink *sink) {
    struct watchdog *dog = watchdog_open();
    if (!dog)
        return call_fail(call, STATUS_NO_MEMORY, "", "There are no threads to watch the time limit."), false;
    int64_t limit = options->time_limit;
    if (call->time_limit_ms > 0 && call->time_limit_ms < limit)
        limit = call->time_limit_ms;
    struct watch watch = {.fd = -1, .deadline_ns = clock_ns() + limit * NS_PER_MS, .fire = on_deadline};
    call->deadline_ns = watch.deadline_ns;
    watchdog_add(dog, &watch);
    bool solved = call_stream(call, media, sink) == STATUS_OK;
    watchdog_close(dog);
    return solved;
}

/* What was asked on the command line. */
struct order {
    const struct endpoint *endpoint;
    const char *path, *query, *accept; /* accept NULL: what the endpoint likes */
    const struct buf *body;
};

/* answer writes the answer, or what is wrong. */
static bool answer(struct call *call, const struct options *options, const struct order *order, struct output *output) {
    enum media media;
    bool solved = call_media(call, order->accept, &media) == STATUS_OK && call_decode(call) == STATUS_OK &&
                  solve(call, options, media, &output->sink);
    if (solved)
        return true;
    output->sink.out.failed = false;
    if (output->begun) {
        call_stream_problem(call, media, "call", &output->sink);
    } else {
        buf_clear(&output->sink.out);
        call_problem(call, "call", &output->sink.out);
    }
    return false;
}

static int run_endpoint(const struct order *order, const struct options *options, enum isa isa, struct models *models) {
    struct host host = {.draw_seed = draw_seed,
                        .now_ns = now_ns,
                        .models = models_store(models),
                        .runtime = read_runtime,
                        .isa = isa,
                        .max_memory = (size_t)options->max_memory};
    unsigned threads = options->workers ? (unsigned)options->workers : machine_cores();
    struct pool *pool = pool_open(threads - 1, 0);
    struct call call;
    call_init(&call, order->endpoint, &host);
    call.ctx.stop = &stop;
    call.ctx.parallel = pool ? pool_parallel(pool) : NULL;
    call.request = (struct request){.path = order->path,
                                    .query = order->query,
                                    .body = order->body->data ? order->body->data : "",
                                    .n = order->body->n};
    struct output output;
    open_output(&output);
    bool solved = answer(&call, options, order, &output);
    solved = close_output(&output) && solved;
    call_release(&call);
    pool_close(pool);
    return solved ? 0 : 1;
}

static int no_endpoint(const char *path, const char *allow) {
    char detail[512];
    struct output output;
    open_output(&output);
    if (*allow)
        snprintf(detail, sizeof detail, "%.200s takes other methods: %s.", path, allow);
    else
        snprintf(detail, sizeof detail, "There is nothing at %.200s; GET /openapi.json lists what there is.", path);
    problem_write(&output.sink.out, NULL, *allow ? 405 : 404, *allow ? "method_not_allowed" : "not_found", "call",
                  detail);
    close_output(&output);
    return 1;
}

static int call_path(const struct options *options, struct log *log, const char *method, char *path,
                     struct order *order) {
    char allow[64], *query = strchr(path, '?');
    if (query)
        *query++ = '\0';
    order->path = path;
    order->query = query ? query : "";
    order->endpoint = endpoint_find(method, path, allow);
    if (!order->endpoint)
        return no_endpoint(path, allow);
    char error[MACHINE_ERROR];
    enum isa isa;
    if (!machine_isa(options->kernels, &isa, error)) {
        fprintf(stderr, "solvent: %s\n", error);
        return 2;
    }
    struct models *models = models_open(options->models, isa, (size_t)options->model_memory, log);
    int code = models ? run_endpoint(order, options, isa, models) : 1;
    models_close(models);
    return code;
}

int cli_call(struct options *options, int argc, char **argv) {
    if (argc < 2 || argc > 4) {
        fputs("solvent: call wants METHOD PATH [BODY [ACCEPT]], for example: solvent call POST /v1/solve/sort "
              "'{\"values\":[3,1,2]}'\n",
              stderr);
        return 2;
    }
    sigaction(SIGINT, &(struct sigaction){.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND}, NULL);
    struct buf body;
    buf_init(&body, (size_t)options->max_body);
    bool input = argc >= 3 && !strcmp(argv[2], "-");
    if (argc >= 3 && !input)
        buf_text(&body, argv[2]);
    if ((input && !read_input(&body)) || body.failed) {
        fprintf(stderr, "solvent: The body could not be read, or is larger than --max-body (%lld bytes).\n",
                (long long)options->max_body);
        buf_release(&body);
        return 2;
    }
    char error[256];
    struct order order = {.accept = argc == 4 ? argv[3] : NULL, .body = &body};
    struct log *log = log_open("stderr", error);
    int code = log ? call_path(options, log, argv[0], argv[1], &order) : 1;
    log_close(log);
    buf_release(&body);
    return code;
}
