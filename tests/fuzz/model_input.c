#include "tests/fuzz/model_input.h"
#include "handlers/model_report.h"
#include "tests/support/coins.h"
#include "tests/support/made_model.h"
#include "tests/support/model_folder.h"
#include "tests/support/test.h"

const char *const model_input_words[MODEL_INPUTS] = {
#define X(word, path) word,
    MODEL_INPUT_LIST(X)
#undef X
};

static const char *const PATHS[] = {
#define X(word, path) path,
    MODEL_INPUT_LIST(X)
#undef X
};

static void put_index(struct model_folder *f) {
    struct buf index;
    buf_init(&index, 1 << 20);
    buf_text(&index, "{\"weight_map\":{");
    for (size_t k = 0; k < f->n; k++)
        buf_printf(&index, "%s\"%s\":\"part.safetensors\"", k ? "," : "", f->parameters[k].name);
    buf_text(&index, "}}");
    made_files_put(&f->folder, PATHS[1], index.data, index.n);
    buf_release(&index);
}

/* A folder that is right: of a UNet2DModel, or of another network. */
struct input {
    struct model_folder unet;
    struct made_model other;
    struct made_files *files;
};

/* The folder has one file of weights, or for what comes with shards an index and its part. */
static void begin_unet(struct input *in, size_t which) {
    model_folder_begin(&in->unet);
    in->files = &in->unet.folder;
    if (which != 1 && which != 2)
        return;
    put_index(&in->unet);
    made_files_move(in->files, PATHS[0], PATHS[2]);
}

static void begin(struct input *in, size_t which) {
    if (which < MODEL_INPUT_DIT) {
        begin_unet(in, which);
        return;
    }
    made_model_begin(&in->other);
    in->files = &in->other.folder;
    if (which == MODEL_INPUT_DIT)
        made_model_transformer(&in->other);
    else if (which == MODEL_INPUT_TABLE)
        coins_files(in->files);
    else if (which == MODEL_INPUT_MLP || which == MODEL_INPUT_SOURCE)
        made_model_mlp(&in->other);
    else
        made_model_latent(&in->other, true);
    if (which == MODEL_INPUT_SOURCE)
        made_model_source(&in->other, (const float[]){1, 2, -1, 0.5f}, 2, 1, (const size_t[]){2});
}

static void end(struct input *in, size_t which) {
    if (which < MODEL_INPUT_DIT)
        model_folder_end(&in->unet);
    else
        made_model_end(&in->other);
}

/* rows_hold draws some. */
static bool rows_hold(struct made_model *m, char why[512]) {
    int http;
    char *text = made_model_post(m, "/v1/sample/rows", "{\"model\":\"made\",\"count\":5,\"seed\":1}", &http);
    json_t *answer = json_loads(text, 0, NULL);
    bool holds = answer && (http == 200 || http == 422 || http == 413);
    snprintf(why, 512, "%d %.500s", http, text);
    json_decref(answer);
    free(text);
    return holds;
}

bool model_input_check(size_t which, const void *bytes, size_t n, bool *good, char why[512]) {
    struct input *in = calloc(1, sizeof *in);
    struct buf out;
    assert_non_null(in);
    begin(in, which);
    made_files_put(in->files, PATHS[which], bytes, n);
    buf_init(&out, 1 << 20);
    *good = model_report(&in->files->files, ISA_REF, 256 << 20, &out);
    buf_byte(&out, '\0');
    const char *error = out.failed ? NULL : strstr(out.data, "error: ");
    size_t length = error ? strlen(error) : 0;
    bool holds = !out.failed && (*good || (length > 10 && error[length - 1] == '\n' && error[length - 2] == '.'));
    snprintf(why, 512, "%.500s", out.failed ? "the report is too long" : out.data);
    if (which == MODEL_INPUT_TABLE && *good)
        holds = rows_hold(&in->other, why);
    buf_release(&out);
    end(in, which);
    free(in);
    return holds;
}

char *model_input_seed(size_t which, size_t *n) {
    struct input *in = calloc(1, sizeof *in);
    struct ctx ctx;
    struct file file;
    assert_non_null(in);
    begin(in, which);
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(in->files->files.open(&in->files->files, &ctx, PATHS[which], &file), STATUS_OK);
    char *seed = malloc(file.n);
    assert_non_null(seed);
    memcpy(seed, file.p, *n = file.n);
    ctx_release(&ctx);
    end(in, which);
    free(in);
    return seed;
}
