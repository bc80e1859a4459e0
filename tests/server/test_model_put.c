/* Models that are added to the folder: whole, once, and only under a name of their own; replaced, and removed again. */
#include <dirent.h>
#include <unistd.h>

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
    bool replace;
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
    a->replace = false;
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
    return a->store->put(a->store, &a->ctx, text(name), a->files, FILES, a->replace);
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
    assert_int_equal(add(&a, "same"), STATUS_CONFLICT);
    assert_string_equal(a.ctx.err.pointer, "/name");
    assert_non_null(strstr(a.ctx.err.detail, "another model"));
    assert_int_equal(add(&a, "bell"), STATUS_CONFLICT); /* a formula */
    assert_int_equal(add(&a, "classes"), STATUS_CONFLICT);
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
    assert_int_equal(store->put(store, &a.ctx, text("x"), a.files, FILES, false), STATUS_INVALID);
    assert_non_null(strstr(a.ctx.err.detail, "--models"));
    models_close(none);
    end(&a);
}

/* -- replacing and removing -- */

static enum status take(struct adding *a, const char *name, bool *in_use) {
    return a->store->remove(a->store, &a->ctx, text(name), in_use);
}

/* hidden counts what lies hidden in the folder. */
static int hidden(void) {
    int n = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        n += *e->d_name == '.' && strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(dir);
    return n;
}

static bool on_disk(const char *name) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static void what_was_made_can_be_removed(void **state) {
    (void)state;
    struct adding a;
    bool in_use = true;
    begin(&a);
    assert_int_equal(add(&a, "mine"), STATUS_OK);
    assert_int_equal(take(&a, "mine", &in_use), STATUS_OK);
    assert_false(in_use || is_there(&a, "mine") || on_disk("mine"));
    assert_int_equal(hidden(), 0);
    assert_int_equal(take(&a, "mine", &in_use), STATUS_NOT_FOUND);
    assert_int_equal(add(&a, "mine"), STATUS_OK); /* the name is free */
    assert_int_equal(take(&a, "mine", &in_use), STATUS_OK);
    end(&a);
}

/* link_to makes a link in the folder to what is there; unlink_at takes one away. */
static void link_to(const char *from, const char *to) {
    char is[200], at[200];
    snprintf(is, sizeof is, "%s/%s", folder, from);
    snprintf(at, sizeof at, "%s/%s", folder, to);
    assert_int_equal(symlink(is, at), 0);
}
static void unlink_at(const char *name) {
    char at[200];
    snprintf(at, sizeof at, "%s/%s", folder, name);
    assert_int_equal(unlink(at), 0);
}

/* What an operator put there stays: folders without the mark, formulas, links to what could be removed itself. */
static void nothing_else_can(void **state) {
    (void)state;
    static const char *const NAMES[] = {"tiny", "bell", "broken", "link"};
    static const char *const NONE[] = {"none", "..", ".", "", "tiny/..", ".made", "bell.json", "notes"};
    struct adding a;
    bool in_use;
    begin(&a);
    assert_int_equal(add(&a, "linked"), STATUS_OK);
    link_to("linked", "link");
    models_rescan(a.models);
    assert_true(is_there(&a, "link"));
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        assert_int_equal(take(&a, NAMES[i], &in_use), STATUS_FORBIDDEN);
        assert_non_null(strstr(a.ctx.err.detail, "put there by who runs this service"));
        assert_true(on_disk(NAMES[i]) || on_disk("bell.json"));
    }
    for (size_t i = 0; i < COUNT(NONE); i++)
        assert_int_equal(take(&a, NONE[i], &in_use), STATUS_NOT_FOUND);
    a.replace = true;
    a.texts[2][a.files[2].n - 1] ^= 1;
    assert_int_equal(add(&a, "tiny"), STATUS_FORBIDDEN);
    assert_string_equal(a.ctx.err.pointer, "/name");
    assert_int_equal(add(&a, "link"), STATUS_FORBIDDEN);
    assert_int_equal(add(&a, "bell"), STATUS_FORBIDDEN);
    unlink_at("link");
    assert_int_equal(take(&a, "linked", &in_use), STATUS_OK);
    assert_int_equal(hidden(), 0);
    end(&a);
}

static void links_are_not_followed(void **state) {
    (void)state;
    struct adding a;
    bool in_use;
    begin(&a);
    assert_int_equal(add(&a, "trap"), STATUS_OK);
    link_to("tiny", "trap/unet");
    assert_int_equal(take(&a, "trap", &in_use), STATUS_OK);
    assert_true(on_disk("tiny/config.json") && !on_disk("trap"));
    assert_int_equal(hidden(), 0);
    end(&a);
}

static void find_one(struct adding *a, const char *name, struct named_model *out) {
    assert_int_equal(a->store->find(a->store, &a->ctx, text(name), text(""), MODEL_DIGESTED, out), STATUS_OK);
    assert_non_null(out->entry);
}

/* load_late reads the weights of a model that has gone since it was found. */
static void load_late(struct adding *a, const struct named_model *model) {
    const struct loaded_model *weights;
    assert_int_equal(hidden(), 1);
    if (a->store->load(a->store, &a->ctx, model, GRAPH_F32, false, &weights) != STATUS_OK)
        fail_msg("%s", a->ctx.err.detail);
    a->store->drop(a->store, model, weights);
    assert_int_equal(hidden(), 0);
}

static void who_has_found_it_goes_on(void **state) {
    (void)state;
    struct adding a;
    struct named_model model;
    bool in_use;
    begin(&a);
    assert_int_equal(add(&a, "used"), STATUS_OK);
    find_one(&a, "used", &model);
    assert_int_equal(take(&a, "used", &in_use), STATUS_OK);
    assert_true(in_use && !is_there(&a, "used"));
    assert_int_equal(take(&a, "used", &in_use), STATUS_NOT_FOUND);
    load_late(&a, &model);
    end(&a);
}

static void a_model_is_replaced_in_one_step(void **state) {
    (void)state;
    struct adding a;
    struct named_model before, after;
    bool in_use;
    begin(&a);
    assert_int_equal(add(&a, "anew"), STATUS_OK);
    find_one(&a, "anew", &before);
    a.replace = true;
    assert_int_equal(add(&a, "anew"), STATUS_OK); /* the same */
    assert_int_equal(hidden(), 0);
    a.texts[2][a.files[2].n - 1] ^= 1;
    assert_int_equal(add(&a, "anew"), STATUS_OK);
    find_one(&a, "anew", &after);
    assert_true(before.entry != after.entry);
    assert_string_not_equal(before.digest.p, after.digest.p);
    load_late(&a, &before);
    a.store->drop(a.store, &after, NULL);
    assert_int_equal(add(&a, "first"), STATUS_OK); /* there is none to replace */
    assert_int_equal(take(&a, "anew", &in_use), STATUS_OK);
    assert_int_equal(take(&a, "first", &in_use), STATUS_OK);
    end(&a);
}

/* A process that died while it removed models left them hidden. */
static void remains_go_at_the_start(void **state) {
    (void)state;
    static const char *const NAMES[] = {".one.gone-0123456789abcdef", ".one.gone-0123456789abcdeg",
                                        ".one.gone-0123456789abcde", ".gone-0123456789abcdef", ".one.new"};
    struct adding a;
    char path[200];
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, NAMES[i]);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(path, sizeof path, "%s/config.json", NAMES[i]);
        put_text(path, "{}");
    }
    begin(&a);
    models_tidy(a.models);
    for (size_t i = 0; i < COUNT(NAMES); i++)
        assert_int_equal(on_disk(NAMES[i]), i > 0);
    end(&a);
    for (size_t i = 1; i < COUNT(NAMES); i++) {
        snprintf(path, sizeof path, "%s/%s/config.json", folder, NAMES[i]);
        unlink(path);
        snprintf(path, sizeof path, "%s/%s", folder, NAMES[i]);
        assert_int_equal(rmdir(path), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_served_at_once),
        cmocka_unit_test(the_same_again_is_fine_and_another_is_not),
        cmocka_unit_test(names_stay_in_the_folder),
        cmocka_unit_test(remains_are_replaced),
        cmocka_unit_test(what_was_made_can_be_removed),
        cmocka_unit_test(nothing_else_can),
        cmocka_unit_test(links_are_not_followed),
        cmocka_unit_test(who_has_found_it_goes_on),
        cmocka_unit_test(a_model_is_replaced_in_one_step),
        cmocka_unit_test(remains_go_at_the_start),
        cmocka_unit_test(without_a_folder_there_is_no_place),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
