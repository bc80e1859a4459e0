#include "handlers/image_request.h"

#include <stdio.h>

#include "handlers/dtype_field.h"
#include "handlers/encode.h"
#include "handlers/number.h"
#include "handlers/sample_request.h"

enum { PROMPT_MAX = 1000, SIZE_MAX_TEXT = 16, STEPS_MAX = 1000, NAMES_SHOWN = 8 };
enum { FORMAT_B64_JSON, FORMAT_URL };
static const char *const RESPONSE_FORMATS[] = {"b64_json", "url", NULL};
static const char *const OUTPUT_FORMATS[] = {"png", NULL};

const struct field image_fields[] = {
    FIELD(struct image_params, model, STRING,
          "A model's name (`GET /v1/models`): a network whose samples are images, or a formula. NAME@DIGEST insists on "
          "the files of that digest.",
          .required = true, .min_items = 1, .max_items = MODEL_NAMED_MAX),
    FIELD(struct image_params, prompt, STRING,
          "The class: its number, or its name where the model's classes have names. Empty: of no class.",
          .required = true, .max_items = PROMPT_MAX),
    FIELD(struct image_params, n, INT, "How many images.", .def = "1", FIELD_INTS(1, IMAGES_MAX)),
    FIELD(struct image_params, size, STRING,
          "WIDTHxHEIGHT in pixels: the model's own size or a multiple of it, by which each of its pixels is drawn "
          "wider and higher. auto: its own. Of a formula it says the shape of its samples: width * height numbers are "
          "gray, three times as many are red, green and blue planes.",
          .def = "auto", .max_items = SIZE_MAX_TEXT),
    FIELD(struct image_params, response_format, ENUM, "Images come in the answer; url is refused.",
          .names = RESPONSE_FORMATS, .def = "b64_json"),
    FIELD(struct image_params, output_format, ENUM, "What kind of file.", .names = OUTPUT_FORMATS, .def = "png"),
    FIELD(struct image_params, seed, INT, "As of /v1/sample. Drawn and echoed where it is absent.", .role = ROLE_SEED,
          FIELD_INTS(0, SAMPLE_SEED_LIMIT - 1)),
    FIELD(struct image_params, steps, INT, "How many steps the sampler takes; absent: as /v1/sample would.",
          .present = offsetof(struct image_params, has_steps), FIELD_INTS(1, STEPS_MAX)),
    FIELD(struct image_params, guidance, NUMBER,
          "The scale of guidance towards the class: 1 is none, more is more. Wants a class.",
          .present = offsetof(struct image_params, has_guidance), FIELD_REALS(0, 100)),
    DTYPE_INPUT(struct image_params, dtype),
    {0}};

/* -- The prompt -- */

static enum status unknown_class(struct call *call, const struct loaded_model *m) {
    char names[400] = "";
    for (size_t i = 0, at = 0; i < m->labels.n && i < NAMES_SHOWN && at < sizeof names; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, ", \"%.*s\"", (int)m->labels.list[i].text.n,
                               m->labels.list[i].text.p);
    return call_fail(call, STATUS_INVALID, "/prompt",
                     "The prompt is no class of this model; want a number from 0 to %zu%s%s%s%s.", m->classes.n - 1,
                     *names ? ", or a name such as " : "", *names ? names + 2 : "",
                     m->labels.n > NAMES_SHOWN ? ", ..." : "", m->classes.none < 0 ? "" : ", or an empty one");
}

/* class_of finds the class; *given false: the prompt is empty. A formula checks its number itself. */
static enum status class_of(struct call *call, struct str prompt, const struct loaded_model *m, bool *given,
                            int64_t *class) {
    while (prompt.n && prompt.p[0] == ' ')
        prompt.p++, prompt.n--;
    while (prompt.n && prompt.p[prompt.n - 1] == ' ')
        prompt.n--;
    *given = prompt.n > 0;
    if (!*given)
        return STATUS_OK;
    if (m && !m->classes.n)
        return call_fail(call, STATUS_INVALID, "/prompt", "This model knows no classes; want an empty prompt.");
    bool number = number_read_int(prompt.p, prompt.n, class) == NUMBER_OK;
    if (!m)
        return number ? STATUS_OK
                      : call_fail(call, STATUS_INVALID, "/prompt",
                                  "The classes of a formula have no names; want a number, or an empty prompt.");
    if (!number)
        *class = model_labels_find(&m->labels, prompt);
    return *class >= 0 && (size_t) * class < m->classes.n ? STATUS_OK : unknown_class(call, m);
}

/* -- The size -- */

/* read_size reads WIDTHxHEIGHT. */
static bool read_size(struct str text, size_t *width, size_t *height) {
    char copy[SIZE_MAX_TEXT + 1];
    unsigned w, h;
    int end = 0;
    snprintf(copy, sizeof copy, "%.*s", (int)text.n, text.p);
    if (sscanf(copy, "%5ux%5u%n", &w, &h, &end) != 2 || copy[end] || copy[0] < '1' || copy[0] > '9')
        return false;
    *width = w, *height = h;
    return w > 0 && h > 0 && w <= CANVAS_MAX && h <= CANVAS_MAX;
}

static enum status network_sheet(struct call *call, const struct image_params *p, const struct loaded_model *m,
                                 struct plot_sheet *out) {
    if (m->dims != 3 || (m->shape[0] != 1 && m->shape[0] != 3) || m->shape[1] > CANVAS_MAX || m->shape[2] > CANVAS_MAX)
        return call_fail(call, STATUS_INVALID, "/model",
                         "The samples of this model are no images of one or three channels, with at most %d pixels a "
                         "side.",
                         CANVAS_MAX);
    *out = (struct plot_sheet){.channels = m->shape[0], .height = m->shape[1], .width = m->shape[2], .scale = 1};
    size_t width, height;
    if (p->size.n == 4 && !memcmp(p->size.p, "auto", 4))
        return STATUS_OK;
    bool read = read_size(p->size, &width, &height);
    if (read && width % out->width == 0 && height % out->height == 0 && width / out->width == height / out->height) {
        out->scale = width / out->width;
        return STATUS_OK;
    }
    return call_fail(call, STATUS_INVALID, "/size",
                     "size is \"%.*s\", want \"auto\", \"%zux%zu\", or a multiple of it up to %d.", (int)p->size.n,
                     p->size.p, out->width, out->height, CANVAS_MAX);
}

static enum status formula_sheet(struct call *call, const struct image_params *p, size_t d, struct plot_sheet *out) {
    size_t width = 0, height = 0;
    bool read = read_size(p->size, &width, &height);
    size_t pixels = width * height;
    if (read && (d == pixels || d == 3 * pixels)) {
        *out = (struct plot_sheet){.channels = d / pixels, .height = height, .width = width, .scale = 1};
        return STATUS_OK;
    }
    return call_fail(call, STATUS_INVALID, "/size",
                     "size is \"%.*s\", want the WIDTHxHEIGHT of a sample of this model, which has %zu numbers (one or "
                     "three a pixel).",
                     (int)p->size.n, p->size.p, d);
}

/* -- The call -- */

static void write_sample(const struct image_params *p, struct str json, bool given, int64_t class, struct buf *out) {
    char number[40];
    buf_text(out, "{\"model\":");
    buf_add(out, json.p, json.n);
    buf_printf(out, ",\"count\":%lld,\"seed\":%lld,\"dtype\":\"%s\"", (long long)p->n, (long long)p->seed,
               dtype_names[p->dtype]);
    if (given)
        buf_printf(out, ",\"class\":%lld", (long long)class);
    if (p->has_guidance) {
        snprintf(number, sizeof number, "%.17g", p->guidance);
        buf_printf(out, ",\"guidance\":{\"scale\":%s}", number);
    }
    if (p->has_steps)
        buf_printf(out, ",\"sampler\":{\"steps\":%lld}", (long long)p->steps);
    buf_byte(out, '}');
}

static enum status begin_sample(struct call *call, struct image_params *p, const struct buf *text) {
    char allow[64];
    char *copy = text->failed ? NULL : ctx_alloc(&call->ctx, text->n, 1);
    p->sample = copy ? ctx_alloc(&call->ctx, 1, sizeof *p->sample) : NULL;
    if (!p->sample)
        return text->failed ? ctx_fail(&call->ctx, STATUS_NO_MEMORY, "", "There is no memory left for the request.")
                            : STATUS_NO_MEMORY;
    memcpy(copy, text->data, text->n);
    call_init(p->sample, endpoint_find("POST", "/v1/sample", allow), call->host);
    p->sample->ctx.stop = call->ctx.stop;
    p->sample->request = (struct request){.query = "", .body = copy, .n = text->n};
    return call_decode(p->sample) == STATUS_OK ? STATUS_OK : image_adopt(call, p);
}

static enum status decode_sample(struct call *call, struct image_params *p, struct str json, bool given,
                                 int64_t class) {
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    write_sample(p, json, given, class, &text);
    enum status status = begin_sample(call, p, &text);
    buf_release(&text);
    return status;
}

enum status image_prepare(struct call *call, struct image_params *p) {
    struct kept_model *kept = NULL;
    bool given = false;
    int64_t class = 0;
    if (p->response_format == FORMAT_URL)
        return call_fail(call, STATUS_INVALID, "/response_format",
                         "This service keeps no files that a url could name; want \"b64_json\".");
    enum status status = model_named_keep(call, p->model, &p->named, &kept);
    if (status != STATUS_OK)
        return status;
    const struct loaded_model *m = kept->named.outline;
    status = class_of(call, p->prompt, m, &given, &class);
    if (status == STATUS_OK && m)
        status = network_sheet(call, p, m, &p->sheet);
    if (status == STATUS_OK)
        status = decode_sample(call, p, kept->named.json, given, class);
    if (status == STATUS_OK && !m)
        status = formula_sheet(
            call, p, model_extent(&((const struct sample_params *)p->sample->params)->model).sample_d, &p->sheet);
    return status;
}

/* own_pointer is the field of this request that a pointer into the other's leads to; "": none. */
static const char *own_pointer(const char *pointer) {
    static const char *const OTHERS[][2] = {
        {"/model", "/model"},         {"/count", "/n"},   {"/class", "/prompt"}, {"/guidance", "/guidance"},
        {"/sampler/steps", "/steps"}, {"/seed", "/seed"}, {"/dtype", "/dtype"}};
    for (size_t i = 0; i < COUNT_OF(OTHERS); i++)
        if (!strncmp(pointer, OTHERS[i][0], strlen(OTHERS[i][0])))
            return OTHERS[i][1];
    return "";
}

enum status image_adopt(struct call *call, const struct image_params *p) {
    const struct error *error = &p->sample->errors[0];
    return call_fail(call, p->sample->status, own_pointer(error->pointer), "%s", error->detail);
}

void image_canonical(const struct image_params *p, struct buf *out) {
    struct image_params named = *p;
    char text[MODEL_NAMED_MAX + 1];
    named.model = model_named_text(&p->named, text);
    encode_fields(out, image_fields, &named);
}
