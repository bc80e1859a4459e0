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

/* resident is how many kilobytes of a mapping are in memory. */
static long resident(const void *at) {
    char line[512];
    long kilobytes = -1;
    bool within = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    while (kilobytes < 0 && fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            within = from <= (unsigned long)at && (unsigned long)at < to;
        else if (within)
            (void)sscanf(line, "Rss: %ld kB", &kilobytes);
    }
    fclose(maps);
    return kilobytes;
}

/* Pages are given back and come again, those that are shared with what was not passed among them. */
static void what_is_passed_takes_no_memory(void **state) {
    (void)state;
    enum { SIZE = 1 << 20, PART = 300000 };
    struct ctx ctx;
    struct file a;
    char *text = malloc(SIZE + 1);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = (char)('a' + i % 23);
    text[SIZE] = '\0';
    put("a", text);
    ctx_init(&ctx, 1 << 20);
    struct files *files = mapped_files_open(folder);
    assert_int_equal(files->open(files, &ctx, "a", &a), STATUS_OK);
    assert_memory_equal(a.p, text, SIZE);
    assert_int_equal(resident(a.p), SIZE / 1024);
    files->passed(files, a.p + 10, PART);
    assert_in_range(resident(a.p), 0, (SIZE - PART) / 1024 + 4);
    files->passed(files, a.p + SIZE - 1, 1);
    files->passed(files, a.p, 0);
    assert_memory_equal(a.p, text, SIZE);
    files->passed(files, a.p, SIZE);
    assert_int_equal(resident(a.p), 0);
    mapped_files_close(files);
    ctx_release(&ctx);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_found_and_stay), cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(what_is_cut_off_reads_as_zeros), cmocka_unit_test(what_is_passed_takes_no_memory)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
