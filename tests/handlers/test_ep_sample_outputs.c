/* What /v1/sample gives beside JSON: the events of its steps, pictures, and what fits into a time limit. */
#include <jansson.h>
#include <math.h>
#include <png.h>

#include "tests/support/host.h"
#include "tests/support/test.h"

#define MODEL "\"model\":{\"type\":\"mixture\",\"weights\":[1,3],\"means\":[[-1,0],[1,0.5]],\"stds\":[0.2]}"
#define ROUTE "/v1/sample"

/* What a test changes of the host and the call. */
struct setting {
    const struct host *host;
    const char *accept;
    atomic_int *stop;
    struct parallel *parallel;
    size_t fail_after; /* 0: never */
    size_t max_lines;  /* of a reader that then leaves; 0: reads all */
};

struct outcome {
    struct buf out;
    enum status status;
    int http;
    bool partial;
};

static size_t lines_left;

static bool read_line(struct sink *sink) {
    (void)sink;
    return lines_left-- > 0;
}

/* answer answers as a server does: media type, decoding, then the answer or the problem. */
static struct outcome answer(const char *body, struct setting with) {
    struct call call;
    struct sink sink;
    enum media media;
    sink_memory(&sink, 1 << 28);
    if (with.max_lines) {
        sink.hungry = true;
        sink.send = read_line;
        lines_left = with.max_lines;
    }
    call_init(&call, test_endpoint("POST", ROUTE), with.host ? with.host : &test_host);
    call.request = (struct request){.query = "", .body = body, .n = strlen(body)};
    call.ctx.stop = with.stop;
    call.ctx.parallel = with.parallel;
    enum status status = call_media(&call, with.accept, &media);
    if (status == STATUS_OK)
        status = call_decode(&call);
    if (with.fail_after)
        call.ctx.fail_after = with.fail_after - 1;
    if (status == STATUS_OK)
        status = call_stream(&call, media, &sink);
    if (status != STATUS_OK) {
        buf_clear(&sink.out);
        call_problem(&call, "test", &sink.out);
    }
    buf_byte(&sink.out, '\0');
    sink.out.n--;
    struct outcome outcome = {sink.out, status, call.http, call.partial};
    call_release(&call);
    return outcome;
}

static json_t *json_of(const char *body, struct setting with) {
    struct outcome o = answer(body, with);
    json_t *tree = json_loads(o.out.data, 0, NULL);
    if (o.status != STATUS_OK || !tree)
        fail_msg("%s: %s", body, o.out.data);
    buf_release(&o.out);
    return tree;
}

/* The next event of a name; NULL: it has another. */
static const char *read_event(const char *at, const char *name, json_t **data) {
    char want[64];
    int n = snprintf(want, sizeof want, "event: %s\ndata: ", name);
    if (strncmp(at, want, (size_t)n) != 0)
        return NULL;
    const char *end = strstr(at, "\n\n");
    assert_non_null(end);
    *data = json_loadb(at + n, (size_t)(end - at - n), 0, NULL);
    assert_non_null(*data);
    return end + 2;
}

static double real(json_t *object, const char *name) { return json_number_value(json_object_get(object, name)); }

static double at(json_t *array, size_t i) { return json_number_value(json_array_get(array, i)); }

/* -- Events -- */

/* The events tell the noise levels of the grid and count the calls; `done` has the bytes of the plain answer. */
static void steps_are_told(void **state) {
    (void)state;
    static const char *const BODIES[] = {
        "{" MODEL ",\"seed\":1,\"count\":3,\"path\":\"flow\",\"sampler\":{\"solver\":\"heun\",\"steps\":7}}",
        "{" MODEL ",\"seed\":1,\"count\":300,\"path\":\"vp\",\"sampler\":{\"solver\":\"dpmpp_2m_sde\",\"steps\":5}}",
        "{" MODEL
        ",\"seed\":1,\"path\":\"ddpm-linear\",\"trajectory\":true,\"sampler\":{\"steps\":4,\"solver\":\"pc\"}}",
        "{" MODEL ",\"seed\":1,\"stop_after\":2,\"sampler\":{\"steps\":6}}",
    };
    for (size_t i = 0; i < COUNT(BODIES); i++) {
        struct outcome events = answer(BODIES[i], (struct setting){.accept = "text/event-stream"});
        struct outcome plain = answer(BODIES[i], (struct setting){0});
        assert_int_equal(events.status, STATUS_OK);
        json_t *whole = json_loads(plain.out.data, 0, NULL), *grid = json_object_get(whole, "grid"), *data;
        const char *p = events.out.data;
        size_t n = 0;
        double calls = 0;
        for (const char *next; (next = read_event(p, "step", &data)); p = next, n++) {
            json_t *k = json_object_get(data, "k");
            assert_int_equal(real(data, "i"), n + 1);
            assert_true(real(data, "t") == at(json_object_get(grid, "t"), n + 1));
            assert_true(json_is_null(k) || json_number_value(k) == at(json_object_get(grid, "k"), n + 1));
            assert_true(real(data, "calls") > calls);
            assert_null(json_object_get(data, "preview"));
            calls = real(data, "calls");
            if (n == 0)
                assert_int_equal(real(data, "steps"), i < 3 ? (int)real(whole, "steps") : 2);
            json_decref(data);
        }
        assert_int_equal(n, i < 3 ? (int)real(whole, "steps") : 2);
        assert_true(calls == real(whole, "network_calls"));
        assert_memory_equal(p, "event: done\ndata: ", 18);
        assert_memory_equal(p + 18, plain.out.data, plain.out.n);
        assert_string_equal(p + 18 + plain.out.n, "\n\n");
        json_decref(whole);
        buf_release(&events.out), buf_release(&plain.out);
    }
}

/* A preview is what a run that stops after that step answers. */
static void previews_are_the_denoised_data(void **state) {
    (void)state;
    struct outcome events =
        answer("{" MODEL ",\"seed\":4,\"count\":40,\"preview\":5,\"sampler\":{\"solver\":\"dpmpp_2m\",\"steps\":4}}",
               (struct setting){.accept = "text/event-stream"});
    const char *p = events.out.data;
    json_t *data;
    for (int i = 1; i <= 4; i++) {
        char body[400];
        snprintf(body, sizeof body,
                 "{" MODEL
                 ",\"seed\":4,\"count\":5,\"stop_after\":%d,\"sampler\":{\"solver\":\"dpmpp_2m\",\"steps\":4}}",
                 i);
        p = read_event(p, "step", &data);
        assert_non_null(p);
        json_t *stopped = json_of(body, (struct setting){0});
        assert_true(json_equal(json_object_get(data, "preview"), json_object_get(stopped, "samples")));
        assert_int_equal(real(stopped, "steps_done"), i);
        assert_int_equal(real(stopped, "network_calls"), i);
        json_decref(stopped), json_decref(data);
    }
    buf_release(&events.out);
}

/* Both passes of an inversion count, and the first leads upwards. */
static void inversions_are_told_both_ways(void **state) {
    (void)state;
    struct outcome o = answer("{" MODEL ",\"seed\":1,\"invert\":[[1,0.5]],\"path\":\"vp\",\"sampler\":{\"steps\":4,"
                              "\"solver\":\"euler\"}}",
                              (struct setting){.accept = "text/event-stream"});
    const char *p = o.out.data;
    double k = 0;
    json_t *data;
    size_t n = 0;
    for (const char *next; (next = read_event(p, "step", &data)); p = next, n++) {
        assert_int_equal(real(data, "i"), n + 1);
        assert_int_equal(real(data, "steps"), 7);
        assert_true(n < 3 ? real(data, "k") > k : real(data, "k") < k);
        k = real(data, "k");
        json_decref(data);
    }
    assert_int_equal(n, 7);
    buf_release(&o.out);
}

static void who_leaves_stops_the_work(void **state) {
    (void)state;
    static const char BODY[] = "{" MODEL ",\"seed\":1,\"sampler\":{\"steps\":100}}";
    static atomic_int stop;
    atomic_store(&stop, STOP_CANCEL);
    struct outcome o = answer(BODY, (struct setting){.accept = "text/event-stream", .stop = &stop});
    assert_int_equal(o.status, STATUS_CANCELLED);
    buf_release(&o.out);
    o = answer(BODY, (struct setting){.accept = "text/event-stream", .max_lines = 3}); /* a host that does not say so */
    assert_int_equal(o.status, STATUS_OK);
    buf_release(&o.out);
}

/* -- Pictures -- */

struct pixels {
    png_image image;
    unsigned char *rgb;
};

static struct pixels decode(const struct buf *png) {
    struct pixels p = {.image = {.version = PNG_IMAGE_VERSION}};
    if (!png_image_begin_read_from_memory(&p.image, png->data, png->n))
        fail_msg("no PNG: %s", png->data);
    p.image.format = PNG_FORMAT_RGB;
    p.rgb = malloc(PNG_IMAGE_SIZE(p.image));
    assert_true(png_image_finish_read(&p.image, NULL, p.rgb, 0, NULL));
    return p;
}

static struct pixels picture(const char *body) {
    struct outcome o = answer(body, (struct setting){.accept = "image/png"});
    if (o.status != STATUS_OK)
        fail_msg("%s: %s", body, o.out.data);
    struct pixels p = decode(&o.out);
    buf_release(&o.out);
    return p;
}

/* count_of counts the pixels in which the first colour is greater than the last by more than so much. */
static size_t reddish(const struct pixels *p, int by) {
    size_t n = 0;
    for (size_t i = 0; i < (size_t)p->image.width * p->image.height; i++)
        n += p->rgb[3 * i] - p->rgb[3 * i + 2] > by;
    return n;
}
static size_t bluish(const struct pixels *p, int by) {
    size_t n = 0;
    for (size_t i = 0; i < (size_t)p->image.width * p->image.height; i++)
        n += p->rgb[3 * i + 2] - p->rgb[3 * i] > by;
    return n;
}

static void samples_are_drawn(void **state) {
    (void)state;
    struct pixels p = picture("{" MODEL ",\"seed\":1,\"count\":200}");
    assert_int_equal(p.image.width, 640);
    assert_int_equal(p.image.height, 600);
    assert_true(reddish(&p, 100) > 2000 && bluish(&p, 100) > 2000);
    free(p.rgb);
    p = picture("{" MODEL ",\"seed\":1,\"count\":200,\"plot\":{\"density\":false,\"width\":300,\"height\":200}}");
    assert_int_equal(p.image.width, 300);
    assert_int_equal(p.image.height, 200);
    assert_true(reddish(&p, 100) > 300 && bluish(&p, 10) == 0);
    free(p.rgb);
    p = picture("{" MODEL ",\"seed\":1,\"count\":9,\"plot\":{\"x_range\":[50,60],\"y_range\":[-1,1]}}");
    assert_true(reddish(&p, 20) == 0);
    free(p.rgb);
    p = picture("{\"model\":\"coin\",\"latents\":[1],\"plot\":{\"image_shape\":[1,1,1],\"scale\":5}}");
    assert_int_equal(p.image.width, 9);
    assert_true(p.rgb[3 * (9 * 4 + 4)] == 0 || p.rgb[3 * (9 * 4 + 4)] == 255);
    free(p.rgb);
}

/* The class of a request is the one whose density is drawn: the left half of the picture stays white. */
static void a_class_has_its_own_density(void **state) {
    (void)state;
    struct pixels p = picture(
        "{\"model\":{\"type\":\"mixture\",\"means\":[[-5,0],[5,0]],\"stds\":[0.5],\"classes\":[0,1]},\"class\":1,"
        "\"seed\":1,\"count\":1,\"plot\":{\"x_range\":[-8,8],\"y_range\":[-3,3]}}");
    size_t left = 0, right = 0;
    for (size_t y = 20; y < 560; y++)
        for (size_t x = 50; x < 620; x++)
            *(x < 330 ? &left : &right) += p.rgb[3 * (y * 640 + x) + 2] - p.rgb[3 * (y * 640 + x)] > 30;
    assert_int_equal(left, 0);
    assert_true(right > 1000);
    free(p.rgb);
}

static void equal_requests_have_equal_pictures(void **state) {
    (void)state;
    static const char BODY[] = "{" MODEL ",\"seed\":1,\"count\":500,\"path\":\"flow\",\"trajectory\":true}";
    struct outcome a = answer(BODY, (struct setting){.accept = "image/png"});
    struct outcome b = answer(BODY, (struct setting){.accept = "image/*"});
    assert_int_equal(a.out.n, b.out.n);
    assert_memory_equal(a.out.data, b.out.data, a.out.n);
    assert_false(a.partial);
    buf_release(&a.out), buf_release(&b.out);
}

/* Threads that see the deadline come as soon as they get something to do. With one sample that is the density. */
static atomic_int late;
static void run_late(struct parallel *self, size_t n, void (*body)(void *arg, size_t i), void *arg) {
    (void)self;
    atomic_store(&late, STOP_DEADLINE);
    for (size_t i = 0; i < n; i++)
        body(arg, i);
}

static void an_ended_time_leaves_out_the_density(void **state) {
    (void)state;
    struct parallel parallel = {.threads = 2, .run = run_late};
    struct outcome o =
        answer("{" MODEL ",\"seed\":1}", (struct setting){.accept = "image/png", .stop = &late, .parallel = &parallel});
    assert_int_equal(o.status, STATUS_OK);
    assert_true(o.partial);
    struct pixels p = decode(&o.out);
    assert_true(reddish(&p, 100) > 30 && bluish(&p, 10) == 0);
    free(p.rgb);
    buf_release(&o.out);
}

/* -- Time -- */

/* A clock that goes on by a tick whenever it is read. */
struct ticking {
    int64_t now, tick;
};
static int64_t read_clock(void *self) {
    struct ticking *c = self;
    return c->now += c->tick;
}

static struct host ticking_host(struct ticking *clock) {
    struct host host = test_host;
    host.self = clock;
    host.now_ns = read_clock;
    return host;
}

#define MS 1000000

/* The clock is read once before all, and in a pilot's run of three steps at its beginning, after each step, and at its
 * end, and once more: a call takes a tick, what comes once in a run another, and 9 are gone. (Of heun, which makes 2, 2
 * and 1 calls, the last two steps take two ticks: a call 2/3, and 2/3 remain.) */
static void the_time_chooses(void **state) {
    (void)state;
    static const struct {
        const char *rest;
        int64_t tick;
        const char *solver; /* NULL: nothing is chosen */
        int steps;
        const char *why;
    } ROWS[] = {
        {"\"time_limit_ms\":100", 1 * MS, "ipndm", 72, "ipndm makes one call a step"}, /* 0.8 (100 - 9) */
        {"\"time_limit_ms\":100", 1000, "ipndm", 256, "more than the 256 calls"},
        {"\"time_limit_ms\":100", 5 * MS, "ipndm", 8, "so 8 fit into four fifths"},
        {"\"time_limit_ms\":100", 6 * MS, "euler", 6, "with so few, euler errs least"},
        {"\"time_limit_ms\":100", 11 * MS, "euler", 1, "so 0 fit"},
        {"\"time_limit_ms\":100,\"sampler\":{\"solver\":\"heun\"}", 1 * MS, "heun", 55, "the solver was given"},
        {"\"time_limit_ms\":100,\"sampler\":{\"s_churn\":3}", 1 * MS, "heun", 55, "the solver was given"},
        {"\"time_limit_ms\":100,\"mask\":[1,0],\"known\":[0,0],\"repaint\":{\"repeats\":3}", 1 * MS, "ipndm", 24, ""},
        {"\"time_limit_ms\":100,\"invert\":[[1,1]]", 1 * MS, "ipndm", 36, ""},
        {"\"time_limit_ms\":100,\"init\":[[1,1]],\"strength\":0.5", 1 * MS, "ipndm", 145, ""},
        {"\"time_limit_ms\":100,\"sampler\":{\"steps\":9}", 3 * MS, NULL, 9, NULL},
        {"\"time_limit_ms\":100,\"sampler\":{\"sigmas\":[10,1,0.1]}", 3 * MS, NULL, 3, NULL},
        {"\"time_limit_ms\":100,\"sampler\":{\"solver\":\"dopri5\"}", 3 * MS, NULL, 0, NULL},
        {"\"count\":2", 3 * MS, NULL, 32, NULL},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct ticking clock = {0, ROWS[i].tick};
        const struct host host = ticking_host(&clock);
        char body[600];
        snprintf(body, sizeof body, "{" MODEL ",\"seed\":7,%s}", ROWS[i].rest);
        json_t *a = json_of(body, (struct setting){.host = &host}), *chosen = json_object_get(a, "chosen");
        assert_int_equal(chosen != NULL, ROWS[i].solver != NULL);
        if (ROWS[i].steps)
            assert_int_equal(real(a, "steps"), ROWS[i].steps);
        assert_null(json_object_get(a, "cut"));
        if (chosen) {
            const char *why = json_string_value(json_object_get(chosen, "why"));
            assert_string_equal(json_string_value(json_object_get(a, "solver")), ROWS[i].solver);
            assert_string_equal(json_string_value(json_object_get(chosen, "solver")), ROWS[i].solver);
            assert_int_equal(real(chosen, "steps"), real(a, "steps"));
            assert_true(fabs(real(chosen, "call_ms") * 1e6 * (i == 5 || i == 6 ? 1.5 : 1) - (double)ROWS[i].tick) < 10);
            if (!strstr(why, ROWS[i].why))
                fail_msg("%s: %s", body, why);
        } else {
            assert_int_equal(clock.now, 0); /* nobody asked for the time */
        }
        json_decref(a);
    }
}

/* What was chosen by the time is kept from the cache, and comes again from what the answer says. */
static void the_choice_can_be_repeated(void **state) {
    (void)state;
    struct ticking clock = {0, 3 * MS};
    const struct host host = ticking_host(&clock);
    struct outcome o =
        answer("{" MODEL ",\"path\":\"vp\",\"count\":4,\"time_limit_ms\":50}", (struct setting){.host = &host});
    assert_true(o.partial);
    json_t *a = json_loads(o.out.data, 0, NULL), *resolved = json_object_get(a, "resolved");
    json_t *request = json_loads("{" MODEL ",\"path\":\"vp\",\"count\":4}", 0, NULL);
    json_object_update(request, resolved);
    char *body = json_dumps(request, 0);
    struct outcome again = answer(body, (struct setting){0});
    assert_false(again.partial);
    json_t *b = json_loads(again.out.data, 0, NULL);
    assert_true(json_equal(json_object_get(a, "samples"), json_object_get(b, "samples")));
    json_object_del(a, "chosen"), json_object_del(a, "resolved");
    assert_true(json_equal(a, b));
    json_decref(a), json_decref(b), json_decref(request);
    free(body);
    buf_release(&o.out), buf_release(&again.out);
}

/* The deadline of the host counts, where it is the shorter one. */
static void the_host_has_the_last_word(void **state) {
    (void)state;
    struct ticking clock = {0, 3 * MS};
    const struct host host = ticking_host(&clock);
    struct call call;
    const char *body = "{" MODEL ",\"time_limit_ms\":3600000}";
    call_init(&call, test_endpoint("POST", ROUTE), &host);
    call.request = (struct request){.query = "", .body = body, .n = strlen(body)};
    assert_int_equal(call_decode(&call), STATUS_OK);
    call.deadline_ns = 65 * MS;
    assert_int_equal(call_run(&call), STATUS_OK);
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(call_encode(&call, MEDIA_JSON, &out), STATUS_OK);
    buf_byte(&out, '\0');
    assert_non_null(strstr(out.data, "\"solver\":\"ipndm\",\"steps\":9,")); /* 0.8 (65 - 10 * 3) / 3 */
    buf_release(&out);
    call_release(&call);
}

/* A stop that comes in the middle: after so many looks of the reader at the steps. */
static atomic_int middle;
static size_t steps_seen;
static bool stop_in_the_middle(struct sink *sink) {
    (void)sink;
    if (++steps_seen == 3)
        atomic_store(&middle, STOP_DEADLINE);
    return true;
}

static void what_is_cut_comes_again(void **state) {
    (void)state;
    static const char *const FORMS[] = {"", ",\"trajectory\":true", ",\"diagnostics\":true,\"count\":300"};
    for (size_t f = 0; f < COUNT(FORMS); f++) {
        char body[500];
        snprintf(body, sizeof body,
                 "{" MODEL ",\"seed\":3%s,\"sampler\":{\"solver\":\"heun\",\"steps\":8},\"time_limit_ms\":1000}",
                 FORMS[f]);
        struct call call;
        struct sink sink;
        sink_memory(&sink, 1 << 24);
        sink.hungry = true;
        sink.send = stop_in_the_middle;
        steps_seen = 0;
        atomic_store(&middle, STOP_NONE);
        call_init(&call, test_endpoint("POST", ROUTE), &test_host);
        call.ctx.stop = &middle;
        call.request = (struct request){.query = "", .body = body, .n = strlen(body)};
        assert_int_equal(call_decode(&call), STATUS_OK);
        assert_int_equal(call_stream(&call, MEDIA_SSE, &sink), STATUS_OK);
        assert_true(call.partial);
        buf_byte(&sink.out, '\0');
        const char *done = strstr(sink.out.data, "event: done\ndata: ");
        json_t *cut = json_loads(done + 18, JSON_DISABLE_EOF_CHECK, NULL), *b;
        assert_true(json_is_true(json_object_get(cut, "cut")));
        assert_int_equal(real(cut, "steps_done"), 3);
        assert_int_equal(real(cut, "network_calls"), 6);
        assert_int_equal(real(cut, "steps"), 8);
        assert_null(json_object_get(cut, "diagnostics"));
        snprintf(body, sizeof body,
                 "{" MODEL ",\"seed\":3%s,\"sampler\":{\"solver\":\"heun\",\"steps\":8},"
                 "\"stop_after\":%d}",
                 f == 2 ? ",\"count\":300" : FORMS[f], (int)real(json_object_get(cut, "resolved"), "stop_after"));
        b = json_of(body, (struct setting){0});
        assert_true(json_equal(json_object_get(cut, "samples"), json_object_get(b, "samples")));
        assert_int_equal(json_array_size(json_object_get(cut, "trajectory")), f == 1 ? 4 : 0);
        json_object_del(cut, "cut"), json_object_del(cut, "resolved");
        assert_true(json_equal(cut, b));
        json_decref(cut), json_decref(b);
        buf_release(&sink.out);
        call_release(&call);
    }
}

/* Where the time chooses, it is a part of the question; else it is none. */
static void the_time_is_canonical_where_it_chooses(void **state) {
    (void)state;
    static const struct {
        const char *body;
        bool kept;
    } ROWS[] = {{"{" MODEL ",\"time_limit_ms\":50}", true},
                {"{" MODEL ",\"time_limit_ms\":50,\"sampler\":{\"solver\":\"ddpm\"}}", true},
                {"{" MODEL ",\"time_limit_ms\":50,\"sampler\":{\"steps\":3}}", false},
                {"{" MODEL "}", false}};
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct call call;
        struct buf text;
        buf_init(&text, 1 << 16);
        call_init(&call, test_endpoint("POST", ROUTE), &test_host);
        call.request = (struct request){.query = "", .body = ROWS[i].body, .n = strlen(ROWS[i].body)};
        assert_int_equal(call_decode(&call), STATUS_OK);
        assert_true(call_canonical(&call, &text));
        buf_byte(&text, '\0');
        assert_int_equal(strstr(text.data, ",\"time_limit_ms\":50}") != NULL, ROWS[i].kept);
        assert_true(!ROWS[i].kept || call_cost(&call) == 50 * MS);
        buf_release(&text);
        call_release(&call);
    }
}

/* -- What is refused, and what fails -- */

static void wrong_outputs_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *accept, *rest;
        int http;
        const char *pointer, *words;
    } ROWS[] = {
        {NULL, "\"preview\":3", 422, "/preview", "text/event-stream"},
        {"image/png", "\"preview\":3", 422, "/preview", "text/event-stream"},
        {"text/event-stream", "\"preview\":3,\"sampler\":{\"solver\":\"dopri5\"}", 422, "/preview", "noise levels"},
        {NULL, "\"plot\":{}", 422, "/plot", "image/png"},
        {"image/png", "\"plot\":{\"x_range\":[1,1]}", 422, "/plot/x_range", "greater"},
        {"image/png", "\"plot\":{\"y_range\":[1e9,1e9]}", 422, "/plot/y_range", "greater"},
        {"image/png", "\"plot\":{\"y_range\":[2]}", 422, "/plot/y_range", ""},
        {"image/png", "\"plot\":{\"lines\":3}", 422, "/plot/lines", "trajectory"},
        {"image/png", "\"plot\":{\"columns\":3}", 422, "/plot/columns", "image_shape"},
        {"image/png", "\"plot\":{\"scale\":3}", 422, "/plot/scale", "image_shape"},
        {"image/png", "\"plot\":{\"value_range\":[0,1]}", 422, "/plot/value_range", "image_shape"},
        {"image/png", "\"plot\":{\"image_shape\":[1,1,2],\"value_range\":[1,0]}", 422, "/plot/value_range", "greater"},
        {"image/png", "\"plot\":{\"image_shape\":[1,1,2],\"width\":300}", 422, "/plot/width", "plane"},
        {"image/png", "\"plot\":{\"image_shape\":[1,1,2],\"density\":true}", 422, "/plot/density", "plane"},
        {"image/png", "\"plot\":{\"image_shape\":[2,1,1]}", 422, "/plot/image_shape", "1 or 3 channels"},
        {"image/png", "\"plot\":{\"image_shape\":[1,2,2]}", 422, "/plot/image_shape", "2 numbers"},
        {"image/png", "\"count\":9000,\"plot\":{\"image_shape\":[1,1,2],\"scale\":64}", 413, "/count", "at most 4096"},
        {NULL, "\"stop_after\":33", 422, "/stop_after", "only 32 steps"},
        {NULL, "\"stop_after\":3,\"sampler\":{\"solver\":\"dopri5\"}", 422, "/stop_after", "noise levels"},
        {NULL, "\"stop_after\":3,\"count\":300,\"diagnostics\":true", 422, "/diagnostics", "stop_after"},
        {"image/gif", "\"count\":1", 406, "", "image/png"},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char body[500], pointer[64];
        snprintf(body, sizeof body, "{" MODEL ",%s}", ROWS[i].rest);
        snprintf(pointer, sizeof pointer, "\"pointer\":\"%s\"", ROWS[i].pointer);
        struct outcome o = answer(body, (struct setting){.accept = ROWS[i].accept});
        if (o.http != ROWS[i].http || !strstr(o.out.data, pointer) || !strstr(o.out.data, ROWS[i].words))
            fail_msg("%s: %d %s", body, o.http, o.out.data);
        buf_release(&o.out);
    }
    struct outcome o = answer("{\"model\":\"coin\"}", (struct setting){.accept = "image/png"});
    assert_non_null(strstr(o.out.data, "these have 1 number each"));
    buf_release(&o.out);
    o = answer("{\"model\":{\"type\":\"points\",\"points\":[[0,1]]},\"plot\":{\"density\":true}}",
               (struct setting){.accept = "image/png"});
    assert_non_null(strstr(o.out.data, "/plot/density"));
    buf_release(&o.out);
    free(picture("{\"model\":{\"type\":\"points\",\"points\":[[0,1]]}}").rgb);
}

static void allocations_fail_in_turn(void **state) {
    (void)state;
    struct ticking clock = {0, 3 * MS};
    const struct host host = ticking_host(&clock);
    static const char *const ACCEPTS[] = {"text/event-stream", "image/png", "application/json"};
    for (size_t i = 0; i < COUNT(ACCEPTS); i++) {
        enum status status = STATUS_NO_MEMORY;
        size_t n = 1;
        for (; status == STATUS_NO_MEMORY; n++) {
            struct outcome o = answer("{" MODEL ",\"seed\":1,\"count\":3,\"trajectory\":true,\"time_limit_ms\":50}",
                                      (struct setting){.host = &host, .accept = ACCEPTS[i], .fail_after = n});
            status = o.status;
            buf_release(&o.out);
        }
        assert_int_equal(status, STATUS_OK);
        assert_in_range(n, 10, 3000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_told),
        cmocka_unit_test(previews_are_the_denoised_data),
        cmocka_unit_test(inversions_are_told_both_ways),
        cmocka_unit_test(who_leaves_stops_the_work),
        cmocka_unit_test(samples_are_drawn),
        cmocka_unit_test(a_class_has_its_own_density),
        cmocka_unit_test(equal_requests_have_equal_pictures),
        cmocka_unit_test(an_ended_time_leaves_out_the_density),
        cmocka_unit_test(the_time_chooses),
        cmocka_unit_test(the_choice_can_be_repeated),
        cmocka_unit_test(the_host_has_the_last_word),
        cmocka_unit_test(what_is_cut_comes_again),
        cmocka_unit_test(the_time_is_canonical_where_it_chooses),
        cmocka_unit_test(wrong_outputs_are_refused),
        cmocka_unit_test(allocations_fail_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
