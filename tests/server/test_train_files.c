/* The files of a training run: folders whose files are whole, and checkpoints that tell when they are not. */
#include <fcntl.h>
#include <unistd.h>

#include "server/train_checkpoint.h"
#include "server/train_folder.h"
#include "server/train_progress.h"
#include "tests/support/test.h"

static char place[] = "/tmp/solvent-files-XXXXXX";

static int make_place(void **state) {
    (void)state;
    return mkdtemp(place) ? 0 : -1;
}

static int remove_place(void **state) {
    char command[200];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", place);
    return system(command);
}

/* -- Folders -- */

static void open_at(struct ctx *ctx, struct train_folder *f, char path[200], const char *name) {
    ctx_init(ctx, 1 << 20);
    snprintf(path, 200, "%s/%s", place, name);
    assert_int_equal(train_folder_open(ctx, path, f), STATUS_OK);
}

static void is(struct ctx *ctx, const struct train_folder *f, const char *path, const char *text) {
    unsigned char *p;
    size_t n;
    assert_int_equal(train_folder_read(ctx, f, path, &p, &n), STATUS_OK);
    assert_non_null(p);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(p, text, n);
}

static void files_are_written_and_read(void **state) {
    (void)state;
    struct ctx ctx;
    struct train_folder f;
    unsigned char *p;
    size_t n;
    char path[200];
    open_at(&ctx, &f, path, "run");
    assert_int_equal(f.fd, -1);
    assert_int_equal(train_folder_read(&ctx, &f, "a", &p, &n), STATUS_OK);
    assert_null(p);
    assert_int_equal(train_folder_make(&ctx, &f), STATUS_OK);
    assert_int_equal(train_folder_write(&ctx, &f, "a", "one", 3), STATUS_OK);
    assert_int_equal(train_folder_write(&ctx, &f, "below/b", "two", 3), STATUS_OK);
    assert_int_equal(train_folder_write(&ctx, &f, "below/b", "", 0), STATUS_OK);
    is(&ctx, &f, "a", "one");
    is(&ctx, &f, "below/b", "");
    assert_true(train_folder_has(&f, "below/b") && !train_folder_has(&f, "a.new"));
    assert_int_equal(train_folder_read(&ctx, &f, "below", &p, &n), STATUS_INVALID); /* a folder is no file */
    assert_int_equal(train_folder_write(&ctx, &f, "a/b", "x", 1), STATUS_INVALID);
    assert_non_null(strstr(ctx.err.detail, "/run/a/b: "));
    assert_int_equal(train_folder_remove(&ctx, &f, "a"), STATUS_OK);
    assert_int_equal(train_folder_remove(&ctx, &f, "a"), STATUS_OK);
    assert_false(train_folder_has(&f, "a"));
    train_folder_close(&f);
    ctx_release(&ctx);
}

static void a_folder_has_one_run(void **state) {
    (void)state;
    struct ctx ctx;
    struct train_folder a, b;
    char path[200];
    open_at(&ctx, &a, path, "one");
    assert_int_equal(train_folder_make(&ctx, &a), STATUS_OK);
    assert_int_equal(train_folder_open(&ctx, path, &b), STATUS_OK);
    assert_int_equal(train_folder_make(&ctx, &b), STATUS_INVALID);
    assert_non_null(strstr(ctx.err.detail, "Another process trains in the folder "));
    train_folder_close(&a);
    assert_int_equal(train_folder_make(&ctx, &b), STATUS_OK);
    train_folder_close(&b);
    ctx_release(&ctx);
}

static void what_was_appended_is_cut(void **state) {
    (void)state;
    struct ctx ctx;
    struct train_folder f;
    char path[200];
    int fd;
    open_at(&ctx, &f, path, "log");
    assert_int_equal(train_folder_make(&ctx, &f), STATUS_OK);
    assert_int_equal(train_folder_append(&ctx, &f, "m", 0, &fd), STATUS_OK);
    assert_int_equal(write(fd, "abcdef", 6), 6);
    close(fd);
    assert_int_equal(train_folder_append(&ctx, &f, "m", 2, &fd), STATUS_OK);
    assert_int_equal(write(fd, "X", 1), 1);
    close(fd);
    is(&ctx, &f, "m", "abX");
    assert_int_equal(train_folder_append(&ctx, &f, "m", 4, &fd), STATUS_INVALID);
    assert_int_equal(fd, -1);
    assert_non_null(strstr(ctx.err.detail, "has 3 bytes, and had 4 at the checkpoint."));
    train_folder_close(&f);
    ctx_release(&ctx);
}

/* -- Checkpoints -- */

static const char STATE[] = "the state of a trainer";

static void make_checkpoint(struct buf *b) {
    struct train_checkpoint c = {.of = {{1, 2, 3}},
                                 .isa = "avx2",
                                 .metrics = 7,
                                 .shown = 5,
                                 .losses = 0.5,
                                 .n_losses = 3,
                                 .best = 0.25,
                                 .state = STATE,
                                 .n_state = sizeof STATE};
    buf_init(b, 1 << 20);
    train_checkpoint_write(&c, b);
    assert_false(b->failed);
}

static void a_checkpoint_is_read_back(void **state) {
    (void)state;
    struct ctx ctx;
    struct buf b;
    struct train_checkpoint c;
    ctx_init(&ctx, 1 << 20);
    make_checkpoint(&b);
    assert_int_equal(train_checkpoint_read(&ctx, "c", (unsigned char *)b.data, b.n, &c), STATUS_OK);
    assert_true(c.of.b[1] == 2 && c.metrics == 7 && c.shown == 5 && c.losses == 0.5 && c.n_losses == 3 &&
                c.best == 0.25);
    assert_string_equal(c.isa, "avx2");
    assert_int_equal(c.n_state, sizeof STATE);
    assert_memory_equal(c.state, STATE, sizeof STATE);
    buf_release(&b);
    ctx_release(&ctx);
}

/* Every bit, every length. */
static void damage_is_seen(void **state) {
    (void)state;
    struct ctx ctx;
    struct buf b;
    struct train_checkpoint c;
    ctx_init(&ctx, 1 << 20);
    make_checkpoint(&b);
    for (size_t i = 0; i < 8 * b.n; i++) {
        b.data[i / 8] ^= (char)(1 << i % 8);
        assert_int_equal(train_checkpoint_read(&ctx, "c", (unsigned char *)b.data, b.n, &c), STATUS_INVALID);
        b.data[i / 8] ^= (char)(1 << i % 8);
    }
    for (size_t n = 0; n < b.n; n++) {
        unsigned char *cut = malloc(n ? n : 1);
        memcpy(cut, b.data, n);
        assert_int_equal(train_checkpoint_read(&ctx, "c", cut, n, &c), STATUS_INVALID);
        free(cut);
    }
    buf_release(&b);
    ctx_release(&ctx);
}

static void times_are_short(void **state) {
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } CASES[] = {{0, "0s"}, {59.4, "59s"}, {59.5, "1m00s"}, {185, "3m05s"}, {3600, "1h00m"}, {7665, "2h07m"}};
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char text[PROGRESS_TIME];
        train_progress_time(CASES[i].seconds, text);
        assert_string_equal(text, CASES[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_written_and_read),
        cmocka_unit_test(a_folder_has_one_run),
        cmocka_unit_test(what_was_appended_is_cut),
        cmocka_unit_test(a_checkpoint_is_read_back),
        cmocka_unit_test(damage_is_seen),
        cmocka_unit_test(times_are_short),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
