#include "tests/fuzz/model_input.h"
#include "handlers/model_report.h"
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

/* The folder has one file of weights, or for what comes with shards an index and its part. */
static void make_folder(struct model_folder *f, size_t which) {
    model_folder_begin(f);
    if (which != 1 && which != 2)
        return;
    put_index(f);
    made_files_move(&f->folder, PATHS[0], PATHS[2]);
}

bool model_input_check(size_t which, const void *bytes, size_t n, bool *good, char why[512]) {
    struct model_folder f;
    struct buf out;
    make_folder(&f, which);
    made_files_put(&f.folder, PATHS[which], bytes, n);
    buf_init(&out, 1 << 20);
    *good = model_report(&f.folder.files, ISA_REF, 256 << 20, &out);
    buf_byte(&out, '\0');
    const char *error = out.failed ? NULL : strstr(out.data, "error: ");
    size_t length = error ? strlen(error) : 0;
    bool holds = !out.failed && (*good || (length > 10 && error[length - 1] == '\n' && error[length - 2] == '.'));
    snprintf(why, 512, "%.500s", out.failed ? "the report is too long" : out.data);
    buf_release(&out);
    model_folder_end(&f);
    return holds;
}

char *model_input_seed(size_t which, size_t *n) {
    struct model_folder f;
    struct file file;
    make_folder(&f, which);
    assert_int_equal(f.folder.files.open(&f.folder.files, &f.ctx, PATHS[which], &file), STATUS_OK);
    char *seed = malloc(file.n);
    assert_non_null(seed);
    memcpy(seed, file.p, *n = file.n);
    model_folder_end(&f);
    return seed;
}
