/* The store of models by itself: threads that find, load and drop while the folder changes, and what it gives to whom. */
#include <pthread.h>

#include "handlers/model_load.h"
#include "server/key.h"
#include "server/log.h"
#include "server/models.h"
#include "tests/server/model_fixture.h"

static const struct str NO_DIGEST = {"", 0};

static struct str text(const char *p) { return (struct str){p, strlen(p)}; }

static struct log *silence(void) {
    char error[256];
    struct log *log = log_open("off", error);
    assert_non_null(log);
    return log;
}

static void rename_folder(const char *from, const char *to) {
    char a[200], b[200];
    snprintf(a, sizeof a, "%s/%s", folder, from);
    snprintf(b, sizeof b, "%s/%s", folder, to);
    assert_int_equal(rename(a, b), 0);
}

static void a_digest_is_of_the_files_and_the_kernels(void **state) {
    (void)state;
    struct log *log = silence();
    struct ctx ctx;
    char digests[3][64];
    ctx_init(&ctx, 1 << 20);
    for (int i = 0; i < 3; i++) {
        struct models *models = models_open(folder, i == 2 ? ISA_REF : isa_best(), 0, log);
        struct model_store *store = models_store(models);
        struct named_model m;
        assert_int_equal(store->find(store, &ctx, text("tiny"), NO_DIGEST, MODEL_HASTY, &m), STATUS_UNREADY);
        assert_int_equal(store->find(store, &ctx, text("tiny"), NO_DIGEST, MODEL_OUTLINED, &m), STATUS_OK);
        assert_true(m.entry && m.outline && !m.json.n && !m.digest.n);
        store->drop(store, &m, NULL);
        assert_int_equal(store->find(store, &ctx, text("tiny"), NO_DIGEST, MODEL_DIGESTED, &m), STATUS_OK);
        snprintf(digests[i], sizeof digests[i], "%.*s", (int)m.digest.n, m.digest.p);
        assert_non_null(memmem(m.json.p, m.json.n, digests[i], strlen(digests[i])));
        store->drop(store, &m, NULL);
        assert_int_equal(store->find(store, &ctx, text("tiny"), NO_DIGEST, MODEL_HASTY, &m), STATUS_OK);
        store->drop(store, &m, NULL);
        models_close(models);
    }
    assert_string_equal(digests[0], digests[1]);
    assert_true(isa_best() == ISA_REF || strcmp(digests[0], digests[2]) != 0);
    log_close(log);
    ctx_release(&ctx);
}

static void who_knows_the_digest_gets_the_old_one(void **state) {
    (void)state;
    struct log *log = silence();
    struct models *models = models_open(folder, isa_best(), 0, log);
    struct model_store *store = models_store(models);
    struct ctx ctx;
    struct named_model old, now, again;
    const struct loaded_model *weights;
    struct models_stats stats;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(store->find(store, &ctx, text("tiny"), NO_DIGEST, MODEL_DIGESTED, &old), STATUS_OK);
    assert_int_equal(store->load(store, &ctx, &old, GRAPH_F32, false, &weights), STATUS_OK);
    rename_folder("tiny", "aside");
    rename_folder("classes", "tiny");
    models_rescan(models);
    assert_int_equal(store->find(store, &ctx, text("tiny"), NO_DIGEST, MODEL_DIGESTED, &now), STATUS_OK);
    assert_ptr_not_equal(now.entry, old.entry);
    assert_int_equal(store->find(store, &ctx, text("tiny"), old.digest, MODEL_DIGESTED, &again), STATUS_OK);
    assert_ptr_equal(again.entry, old.entry);
    models_stats(models, &stats);
    assert_int_equal(stats.loaded, 1);
    store->drop(store, &again, NULL);
    char digest[64];
    snprintf(digest, sizeof digest, "%.*s", (int)old.digest.n, old.digest.p);
    store->drop(store, &old, weights); /* the last: it goes, with its weights */
    models_stats(models, &stats);
    assert_int_equal(stats.loaded, 0);
    assert_int_equal(stats.held, 0);
    assert_int_equal(store->find(store, &ctx, text("tiny"), text(digest), MODEL_DIGESTED, &again), STATUS_OK);
    assert_ptr_equal(again.entry, now.entry);
    store->drop(store, &again, NULL);
    store->drop(store, &now, NULL);
    rename_folder("tiny", "classes");
    rename_folder("aside", "tiny");
    models_close(models);
    log_close(log);
    ctx_release(&ctx);
}

/* Who gives up while the files are read leaves the model as good as it was. */
static void a_digest_that_is_given_up_can_be_made_later(void **state) {
    (void)state;
    struct log *log = silence();
    struct models *models = models_open(folder, isa_best(), 0, log);
    struct model_store *store = models_store(models);
    atomic_int stop = STOP_CANCEL;
    struct ctx ctx;
    struct named_model m;
    ctx_init(&ctx, 1 << 20);
    ctx.stop = &stop;
    assert_int_equal(store->find(store, &ctx, text("tiny"), NO_DIGEST, MODEL_DIGESTED, &m), STATUS_CANCELLED);
    atomic_store(&stop, STOP_NONE);
    assert_int_equal(store->find(store, &ctx, text("tiny"), NO_DIGEST, MODEL_DIGESTED, &m), STATUS_OK);
    assert_int_equal(m.digest.n, KEY_HEX);
    store->drop(store, &m, false);
    models_close(models);
    log_close(log);
    ctx_release(&ctx);
}

/* why_of is the sentence about a name; NULL: there is no such name. */
static const char *why_of(struct models *models, struct ctx *ctx, const char *name) {
    struct list list;
    assert_int_equal(models_store(models)->list(models_store(models), ctx, &list), STATUS_OK);
    for (size_t i = 0; i < list.n; i++) {
        const struct model_name *m = (const struct model_name *)list.items + i;
        if (m->name.n == strlen(name) && !memcmp(m->name.p, name, m->name.n))
            return m->why.p;
    }
    return NULL;
}

/* A model whose name does not fit is not passed over in silence, unless it is hidden; what is no UTF-8 is shown as such. */
static void names_that_do_not_fit_are_told(void **state) {
    (void)state;
    static const char *const NAMES[][2] = {{"my model", "my model"},
                                           {"\xc3\xbc", "\xc3\xbc"},
                                           {"a\xff"
                                            "b",
                                            "a\xef\xbf\xbd"
                                            "b"},
                                           {"tab\t", "tab\t"}};
    struct log *log = silence();
    struct ctx ctx;
    char path[300], name[65 + 5 + 1];
    ctx_init(&ctx, 1 << 20);
    memset(name, 'z', 65);
    strcpy(name + 65, ".json");
    put_text(name, "{}");
    name[65] = '\0';
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, NAMES[i][0]);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(path, sizeof path, "%s/config.json", NAMES[i][0]);
        put_text(path, "{}");
    }
    put_text(".hidden.json", "{}");
    struct models *models = models_open(folder, isa_best(), 0, log);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT(NAMES); i++) {
            const char *why = why_of(models, &ctx, NAMES[i][1]);
            if (!why || !strstr(why, "Its name is none for a model"))
                fail_msg("%s: %s", NAMES[i][1], why ? why : "it is not there");
        }
        assert_non_null(strstr(why_of(models, &ctx, name), "1 to 64"));
        assert_null(why_of(models, &ctx, ".hidden"));
        assert_string_equal(why_of(models, &ctx, "tiny"), "");
        models_rescan(models);
    }
    models_close(models);
    log_close(log);
    ctx_release(&ctx);
}

/* A network's plans for each dtype are loaded, counted and given up on their own: with room for one of them, whoever asks
 * for the other takes its place. */
static void each_dtype_has_a_plan_of_its_own(void **state) {
    (void)state;
    struct log *log = silence();
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    for (int room = 0; room < 2; room++) {
        struct named_model m;
        const struct loaded_model *weights[GRAPH_DTYPES] = {NULL};
        struct models_stats stats;
        size_t held[2];
        struct models *models = models_open(folder, isa_best(), room ? 0 : 400 * 1000, log);
        struct model_store *store = models_store(models);
        for (int dtype = 0; dtype < GRAPH_DTYPES; dtype++) {
            assert_int_equal(store->find(store, &ctx, text("tiny"), NO_DIGEST, MODEL_DIGESTED, &m), STATUS_OK);
            assert_int_equal(m.loaded, dtype > 0);
            assert_int_equal(store->load(store, &ctx, &m, (enum graph_dtype)dtype, false, &weights[dtype]), STATUS_OK);
            models_stats(models, &stats);
            assert_int_equal(stats.loads, dtype + 1);
            assert_int_equal(stats.loaded, room ? dtype + 1 : 1);
            held[dtype] = stats.held;
            if (!dtype && !room) /* what is in use stays */
                assert_int_equal(store->load(store, &ctx, &m, GRAPH_BF16, true, &weights[GRAPH_BF16]), STATUS_UNREADY);
            store->drop(store, &m, weights[dtype]);
        }
        assert_true(room ? held[1] > held[0] && held[1] < 2 * held[0] : held[1] < held[0]);
        assert_int_equal(store->find(store, &ctx, text("tiny"), NO_DIGEST, MODEL_DIGESTED, &m), STATUS_OK);
        assert_int_equal(store->load(store, &ctx, &m, GRAPH_BF16, false, &weights[GRAPH_F32]), STATUS_OK);
        assert_ptr_equal(weights[GRAPH_F32], weights[GRAPH_BF16]);
        store->drop(store, &m, weights[GRAPH_BF16]);
        models_close(models);
    }
    log_close(log);
    ctx_release(&ctx);
}

/* -- Many at once -- */

struct crowd {
    struct models *models;
    atomic_bool over;
    atomic_uint served, replaced;
};

/* visit asks for a model's weights; it may have been replaced since it was found. */
static void visit(struct crowd *crowd, struct ctx *ctx, const char *name) {
    struct model_store *store = models_store(crowd->models);
    struct named_model m;
    const struct loaded_model *weights = NULL;
    enum status status = store->find(store, ctx, text(name), NO_DIGEST, MODEL_DIGESTED, &m);
    if (status != STATUS_OK || !m.entry)
        return;
    status = store->load(store, ctx, &m, GRAPH_F32, false, &weights);
    if (status == STATUS_OK && weights->parameters != m.outline->parameters)
        abort();
    atomic_fetch_add(status == STATUS_OK ? &crowd->served : &crowd->replaced, 1);
    store->drop(store, &m, weights);
}

static void *come_and_go(void *arg) {
    struct crowd *crowd = arg;
    struct ctx ctx;
    ctx_init(&ctx, 1 << 20);
    for (unsigned i = 0; !atomic_load(&crowd->over) || atomic_load(&crowd->served) < 100; i++)
        visit(crowd, &ctx, i % 3 ? "tiny" : "classes");
    ctx_release(&ctx);
    return NULL;
}

static void many_come_and_go_while_the_folder_changes(void **state) {
    (void)state;
    enum { THREADS = 4, CHANGES = 10 };
    struct log *log = silence();
    struct crowd crowd = {.models = models_open(folder, isa_best(), 700 * 1000, log)}; /* for one of the two */
    struct models_stats stats;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &crowd), 0);
    for (int i = 0; i < CHANGES; i++) {
        unsigned before = atomic_load(&crowd.served);
        rename_folder("tiny", "aside");
        rename_folder("classes", "tiny");
        rename_folder("aside", "classes");
        models_rescan(crowd.models);
        while (atomic_load(&crowd.served) < before + 3)
            wait_ms(1);
    }
    atomic_store(&crowd.over, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    models_stats(crowd.models, &stats);
    assert_int_equal(stats.models, 3);
    assert_true(stats.held <= stats.memory);
    assert_true(stats.loaded <= 1);
    models_close(crowd.models);
    log_close(log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digest_is_of_the_files_and_the_kernels),
        cmocka_unit_test(who_knows_the_digest_gets_the_old_one),
        cmocka_unit_test(a_digest_that_is_given_up_can_be_made_later),
        cmocka_unit_test(each_dtype_has_a_plan_of_its_own),
        cmocka_unit_test(many_come_and_go_while_the_folder_changes),
        cmocka_unit_test(names_that_do_not_fit_are_told), /* the last: it leaves them there */
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
