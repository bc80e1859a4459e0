#include "server/mapped_files.h"
#include "tests/support/test.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/solvent-mapped-XXXXXX";

static void put(const char *name, const char *text) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int make_folder(void **state) {
    (void)state;
    char path[200];
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/unet", folder);
    return mkdir(path, 0700);
}

static int remove_folder(void **state) {
    (void)state;
    char command[200];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void files_are_found_and_stay(void **state) {
    (void)state;
    struct ctx ctx;
    struct file a, b, none;
    put("unet/config.json", "{}");
    put("empty", "");
    ctx_init(&ctx, 1 << 20);
    struct files *files = mapped_files_open(folder);
    assert_non_null(files);
    assert_int_equal(files->open(files, &ctx, "unet/config.json", &a), STATUS_OK);
    assert_int_equal(files->open(files, &ctx, "empty", &b), STATUS_OK);
    assert_int_equal(a.n, 2);
    assert_memory_equal(a.p, "{}", 2);
    assert_non_null(b.p);
    assert_int_equal(b.n, 0);
    assert_int_equal(files->open(files, &ctx, "vae/config.json", &none), STATUS_OK);
    assert_null(none.p);
    assert_int_equal(files->open(files, &ctx, "empty/config.json", &none), STATUS_OK);
    assert_null(none.p);
    mapped_files_close(files);
    ctx_release(&ctx);
}

static void what_is_no_file_is_refused(void **state) {
    (void)state;
    struct ctx ctx;
    struct file file;
    char path[200];
    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    ctx_init(&ctx, 1 << 20);
    struct files *files = mapped_files_open(folder);
    assert_non_null(files);
    assert_int_equal(files->open(files, &ctx, "unet", &file), STATUS_INVALID);
    assert_string_equal(ctx.err.detail, "unet is no regular file.");
    assert_int_equal(files->open(files, &ctx, "pipe", &file), STATUS_INVALID);
    assert_string_equal(ctx.err.detail, "pipe is no regular file.");
    mapped_files_close(files);
    mapped_files_close(NULL);
    ctx_release(&ctx);
    assert_null(mapped_files_open("/nowhere/at/all"));
}

/* Whoever writes into a file in its place cuts it off first. */
static void what_is_cut_off_reads_as_zeros(void **state) {
    (void)state;
    enum { SIZE = 100000 };
    struct ctx ctx;
    struct file a, b;
    char path[200], *text = malloc(SIZE + 1);
    memset(text, 'x', SIZE);
    text[SIZE] = '\0';
    put("a", text), put("b", text);
    ctx_init(&ctx, 1 << 20);
    struct files *outer = mapped_files_open(folder), *inner = mapped_files_open(folder);
    assert_int_equal(outer->open(outer, &ctx, "a", &a), STATUS_OK);
    assert_int_equal(inner->open(inner, &ctx, "b", &b), STATUS_OK);
    snprintf(path, sizeof path, "%s/a", folder);
    assert_int_equal(truncate(path, 10), 0);
    snprintf(path, sizeof path, "%s/b", folder);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(a.p[0], 'x');
    for (size_t i = 8192; i < SIZE; i++)
        assert_int_equal(a.p[i] | b.p[i], 0);
    assert_int_equal(b.p[0], 0);
    mapped_files_close(inner);
    mapped_files_close(outer);
    ctx_release(&ctx);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(files_are_found_and_stay),
                                       cmocka_unit_test(what_is_no_file_is_refused),
                                       cmocka_unit_test(what_is_cut_off_reads_as_zeros)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
