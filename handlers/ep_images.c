#include "handlers/encode.h"
#include "handlers/image_request.h"
#include "handlers/png.h"
#include "handlers/sample_answer.h"

struct image {
    struct str b64_json;
};

struct result {
    int64_t created, seed;
    struct list data;
};

static const struct field IMAGE[] = {
    FIELD(struct image, b64_json, STRING, "The image, a PNG in base64.", .required = true), {0}};

static const struct field OUTPUT[] = {
    FIELD(struct result, created, INT, "Always 0: the answer is a function of the request, and holds no time.",
          .required = true),
    FIELD(struct result, data, LIST, "The images.", .required = true, .fields = IMAGE, .size = sizeof(struct image)),
    FIELD(struct result, seed, INT, "With it the same request has the same answer.", .required = true),
    {0}};

static enum status prepare(struct call *call, void *params) { return image_prepare(call, params); }

static void release(void *p) {
    const struct image_params *params = p;
    if (params->sample)
        call_release(params->sample);
}

static void canonical(const void *params, struct buf *out) { image_canonical(params, out); }

static double pixels(const struct plot_sheet *s) {
    return (double)(s->width * s->scale) * (double)(s->height * s->scale);
}

static uint64_t cost(const void *p) {
    const struct image_params *params = p;
    return call_cost(params->sample) + (uint64_t)(150 * (double)params->n * pixels(&params->sheet));
}

/* draw writes the images; a canvas lives no longer than its image takes. */
static enum status draw(struct call *call, const struct plot_sheet *sheet, size_t n, struct list *out) {
    struct ctx canvases;
    struct image *images = ctx_zalloc(&call->ctx, n, sizeof *images);
    enum status status = images ? STATUS_OK : STATUS_NO_MEMORY;
    ctx_init(&canvases, call->ctx.cap);
    for (size_t i = 0; status == STATUS_OK && i < n; i++) {
        struct ctx_mark mark = ctx_mark(&canvases);
        struct canvas canvas;
        status = plot_draw_image(&canvases, sheet, i, &canvas);
        if (status == STATUS_OK)
            status = png_base64(&call->ctx, &canvas, &images[i].b64_json);
        else
            call->ctx.err = canvases.err;
        ctx_rewind(&canvases, mark);
        if (status == STATUS_OK && ctx_stop(&call->ctx) != STOP_NONE)
            status = ctx_stopped(&call->ctx);
    }
    ctx_release(&canvases);
    *out = (struct list){n, images};
    return status;
}

static enum status run(struct call *call, const void *p, void *r) {
    const struct image_params *params = p;
    struct result *result = r;
    struct call *sample = params->sample;
    sample->ctx.stop = call->ctx.stop;
    sample->ctx.parallel = call->ctx.parallel;
    sample->deadline_ns = call->deadline_ns;
    if (call_run(sample) != STATUS_OK)
        return image_adopt(call, params);
    struct plot_sheet sheet = params->sheet;
    sheet.samples = ((const struct sample_result *)sample->result)->samples.reals;
    sheet.count = (size_t)params->n;
    sheet.black = -1, sheet.white = 1;
    result->seed = params->seed;
    return draw(call, &sheet, sheet.count, &result->data);
}

/* problem adds what OpenAI's clients read of an error. */
static void problem(const struct problem *problem, struct buf *out) {
    const char *pointer = problem->n ? problem->errors[0].pointer : "";
    buf_text(out, ",\"error\":{\"message\":");
    encode_quoting(out, problem->detail);
    buf_printf(out, ",\"type\":\"%s\",\"param\":", problem->http < 500 ? "invalid_request_error" : "server_error");
    if (*pointer)
        encode_quoting(out, pointer + 1);
    else
        buf_text(out, "null");
    buf_printf(out, ",\"code\":\"%s\"}", problem->code);
}

const struct endpoint ep_images = {
    .method = "POST",
    .route = "/v1/images/generations",
    .version = 3,
    .title = "Images, as clients of OpenAI's API ask for them",
    .doc = "Draws samples of a model as `/v1/sample` does, and answers each as a PNG: -1 is black, 1 white. The prompt "
           "is a "
           "class, since that is what these models can be told. `seed`, `steps` and `guidance` are extensions; other "
           "fields "
           "of that API are refused by name. A problem document has the member `error` beside its own, as those "
           "clients read "
           "it.\n\n"
           "The answer is a pure function of the request, so `created` is 0, and of a model's name with its digest the "
           "answer has an `ETag`.",
    .input = image_fields,
    .params_size = sizeof(struct image_params),
    .output = OUTPUT,
    .result_size = sizeof(struct result),
    .example = "{\"model\":\"coin\",\"prompt\":\"\",\"size\":\"1x1\",\"seed\":7,\"steps\":4}",
    .answer =
        "{\"created\":0,\"data\":[{\"b64_json\":\"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVQImWP4//8/"
        "AAX+Av5Y8msOAAAAAElFTkSuQmCC\"}],\"seed\":7}",
    .prepare = prepare,
    .release = release,
    .canonical = canonical,
    .cost = cost,
    .run = run,
    .problem = problem,
};
