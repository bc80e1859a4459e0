/* What is noticed of a file without reading it. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/seen.h"
#include "tests/support/test.h"

static char folder[] = "/tmp/solvent-seen-XXXXXX";
static int at;

static void write_text(const char *name, const char *text) {
    int fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void set_time(const char *name, long seconds) {
    const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(at, name, times, 0), 0);
}

static struct seen look(void) {
    struct seen seen = {0};
    seen_look(&seen, at, "a");
    seen_look(&seen, at, "absent");
    assert_true(seen_same(&seen, at));
    return seen;
}

static int make(void **state) {
    (void)state;
    if (!mkdtemp(folder) || (at = open(folder, O_RDONLY | O_DIRECTORY)) < 0)
        return -1;
    write_text("a", "text");
    return 0;
}

static int take_away(void **state) {
    (void)state;
    char command[100];
    close(at);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void each_kind_of_change_is_noticed(void **state) {
    (void)state;
    struct seen seen = look();
    write_text("absent", "");
    assert_false(seen_same(&seen, at)); /* it came */
    unlinkat(at, "absent", 0);
    assert_true(seen_same(&seen, at));
    write_text("a", "texts");
    set_time("a", 1000);
    assert_false(seen_same(&seen, at));
    seen_free(&seen);
    seen = look();
    set_time("a", 2000);
    assert_false(seen_same(&seen, at));
    seen_free(&seen);
    seen = look();
    write_text("b", "texts");
    set_time("b", 2000);
    assert_int_equal(renameat(at, "b", at, "a"), 0); /* as long and as old, another inode */
    assert_false(seen_same(&seen, at));
    seen_free(&seen);
    seen = look();
    unlinkat(at, "a", 0);
    assert_false(seen_same(&seen, at));
    seen_free(&seen);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_kind_of_change_is_noticed)};
    return cmocka_run_group_tests(tests, make, take_away);
}
