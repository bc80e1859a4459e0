/* Models that are added to the folder: whole, once, and only under a name of their own. */
#include "handlers/model_load.h"
#include "server/log.h"
#include "server/models.h"
#include "tests/server/model_fixture.h"

enum { FILES = 3 };
static const char *const PATHS[FILES] = {"config.json", "scheduler_config.json", "diffusion_pytorch_model.safetensors"};

struct adding {
    struct log *log;
    struct models *models;
    struct model_store *store;
    struct ctx ctx;
    char *texts[FILES];
    struct model_file files[FILES];
};

static struct str text(const char *p) { return (struct str){p, strlen(p)}; }

static char *read_at(const char *name, const char *path, size_t *n) {
    char full[300];
    snprintf(full, sizeof full, "%s/%s/%s", folder, name, path);
    return read_file(full, n);
}

/* begin has the files of "tiny" at hand, to be added under other names. */
static void begin(struct adding *a) {
    char error[256];
    a->log = log_open("off", error);
    a->models = models_open(folder, isa_best(), 0, a->log);
    a->store = models_store(a->models);
    ctx_init(&a->ctx, 64 << 20);
    for (size_t i = 0; i < FILES; i++) {
        a->files[i].path = PATHS[i];
        a->texts[i] = read_at("tiny", PATHS[i], &a->files[i].n);
        assert_non_null(a->texts[i]);
        a->files[i].p = a->texts[i];
    }
}

static void end(struct adding *a) {
    for (size_t i = 0; i < FILES; i++)
        free(a->texts[i]);
    models_close(a->models);
    log_close(a->log);
    ctx_release(&a->ctx);
}

static enum status add(struct adding *a, const char *name) {
    return a->store->put(a->store, &a->ctx, text(name), a->files, FILES);
}

static bool is_there(struct adding *a, const char *name) {
    struct named_model m;
    assert_int_equal(a->store->find(a->store, &a->ctx, text(name), text(""), MODEL_OUTLINED, &m), STATUS_OK);
    if (m.entry)
        a->store->drop(a->store, &m, false);
    return m.entry != NULL;
}

static void a_model_is_served_at_once(void **state) {
    (void)state;
    struct adding a;
    begin(&a);
    assert_false(is_there(&a, "new.1"));
    assert_int_equal(add(&a, "new.1"), STATUS_OK);
    assert_true(is_there(&a, "new.1"));
    for (size_t i = 0; i < FILES; i++) {
        size_t n;
        char *bytes = read_at("new.1", PATHS[i], &n);
        assert_int_equal(n, a.files[i].n);
        assert_memory_equal(bytes, a.files[i].p, n);
        free(bytes);
    }
    end(&a);
}

static void the_same_again_is_fine_and_another_is_not(void **state) {
    (void)state;
    struct adding a;
    begin(&a);
    assert_int_equal(add(&a, "same"), STATUS_OK);
    assert_int_equal(add(&a, "same"), STATUS_OK);
    a.texts[2][a.files[2].n - 1] ^= 1;
    assert_int_equal(add(&a, "same"), STATUS_INVALID);
    assert_string_equal(a.ctx.err.pointer, "/name");
    assert_non_null(strstr(a.ctx.err.detail, "another model"));
    assert_int_equal(add(&a, "bell"), STATUS_INVALID); /* a formula */
    assert_int_equal(add(&a, "classes"), STATUS_INVALID);
    end(&a);
}

static void names_stay_in_the_folder(void **state) {
    (void)state;
    static const char *const NAMES[] = {
        "", ".x", "..", "a/b", "../x", "a b", "1234567890123456789012345678901234567890123456789012345678901234x"};
    struct adding a;
    begin(&a);
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        assert_int_equal(add(&a, NAMES[i]), STATUS_INVALID);
        assert_string_equal(a.ctx.err.pointer, "/name");
    }
    end(&a);
}

/* What a process left that died on the way is no model, and goes. */
static void remains_are_replaced(void **state) {
    (void)state;
    struct adding a;
    char path[200];
    snprintf(path, sizeof path, "%s/.half.new", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    put_text(".half.new/model_index.json", "{");
    begin(&a);
    assert_false(is_there(&a, ".half.new"));
    assert_int_equal(add(&a, "half"), STATUS_OK);
    size_t n;
    assert_null(read_at("half", "model_index.json", &n));
    assert_int_not_equal(access(path, F_OK), 0);
    end(&a);
}

static void without_a_folder_there_is_no_place(void **state) {
    (void)state;
    struct adding a;
    begin(&a);
    struct models *none = models_open(NULL, isa_best(), 0, a.log);
    struct model_store *store = models_store(none);
    assert_int_equal(store->put(store, &a.ctx, text("x"), a.files, FILES), STATUS_INVALID);
    assert_non_null(strstr(a.ctx.err.detail, "--models"));
    models_close(none);
    end(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_served_at_once),
        cmocka_unit_test(the_same_again_is_fine_and_another_is_not),
        cmocka_unit_test(names_stay_in_the_folder),
        cmocka_unit_test(remains_are_replaced),
        cmocka_unit_test(without_a_folder_there_is_no_place),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
