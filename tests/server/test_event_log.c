/* The events of a job: numbers without a gap, the newest kept, read back as they were. */
#include "server/event_log.h"
#include "tests/support/test.h"

static void add(struct event_log *log, const char *event) { event_log_add(log, event, strlen(event)); }

/* expect_from checks what comes from number `id` on. */
static void expect_from(const struct event_log *log, uint64_t id, const char *wanted) {
    size_t n;
    const char *text = event_log_from(log, id, &n);
    assert_int_equal(n, strlen(wanted));
    assert_memory_equal(text, wanted, n);
}

static void events_are_numbered_and_found_by_number(void **state) {
    (void)state;
    struct event_log log;
    event_log_init(&log, 1);
    expect_from(&log, 0, "");
    expect_from(&log, 1, "");
    add(&log, "event: a\ndata: 1\n\n");
    add(&log, "event: b\ndata: 2\n\n");
    assert_int_equal(event_log_next(&log), 3);
    expect_from(&log, 0, "id: 1\nevent: a\ndata: 1\n\nid: 2\nevent: b\ndata: 2\n\n");
    expect_from(&log, 2, "id: 2\nevent: b\ndata: 2\n\n");
    expect_from(&log, 3, "");
    expect_from(&log, UINT64_MAX, "");
    event_log_release(&log);
    assert_int_equal(event_log_next(&log), 3);
}

static void numbers_go_on_where_they_are_told_to(void **state) {
    (void)state;
    struct event_log log;
    event_log_init(&log, 41);
    add(&log, "x\n\n");
    expect_from(&log, 1, "id: 41\nx\n\n"); /* older ones are not there */
    event_log_release(&log);
}

/* check_tail reads all that is kept, and returns how many events that are. */
static size_t check_tail(const struct event_log *log, uint64_t last) {
    size_t n, events = 0;
    const char *text = event_log_from(log, 0, &n), *end = text + n;
    for (uint64_t id = log->first; text < end; id++, events++) {
        char head[32];
        snprintf(head, sizeof head, "id: %llu\n", (unsigned long long)id);
        assert_memory_equal(text, head, strlen(head));
        text = (const char *)memmem(text, (size_t)(end - text), "\n\n", 2) + 2;
        assert_true(id <= last);
    }
    assert_int_equal(log->first + events, last + 1);
    return events;
}

static void the_oldest_go_and_the_newest_stays(void **state) {
    (void)state;
    struct event_log log;
    uint64_t random = 1;
    static char event[EVENT_LOG_BYTES + 100];
    event_log_init(&log, 1);
    for (uint64_t id = 1; id <= 3900; id++) {
        size_t n = id % 1000 == 999 ? sizeof event : 3 + test_below(&random, 3000); /* one is larger than the log */
        memset(event, 'x', n);
        memset(event + n - 2, '\n', 2);
        event_log_add(&log, event, n);
        if (id % 37 == 0 || id % 1000 >= 998) /* all is looked through: it takes its time */
            assert_true(check_tail(&log, id) >= 1);
        assert_true(log.text.n <= EVENT_LOG_BYTES || log.n == 1);
    }
    assert_true(log.n > 100); /* half of it, at least, is kept */
    event_log_release(&log);
}

static void a_text_is_read_back(void **state) {
    (void)state;
    struct event_log log, again;
    event_log_init(&log, 7);
    for (int i = 0; i < 100; i++)
        add(&log, "event: e\ndata: {}\n\n");
    assert_true(event_log_read(&again, log.text.data, log.text.n));
    assert_int_equal(again.first, 7);
    assert_int_equal(again.n, 100);
    size_t n;
    const char *text = event_log_from(&log, 50, &n);
    assert_int_equal(n, 57 * strlen("id: 50\nevent: e\ndata: {}\n\n") + strlen("100101102103104105106") - 7 * 2);
    char *copy = calloc(n + 1, 1);
    memcpy(copy, text, n);
    expect_from(&again, 50, copy);
    free(copy);
    event_log_release(&log), event_log_release(&again);
}

static void other_texts_are_refused(void **state) {
    (void)state;
    static const char *const TEXTS[] = {"x\n\n",
                                        "id: \n\n",
                                        "id: 0\nx\n\n",
                                        "id: 1\nx\n",
                                        "id: 1\nx\n\nid: 3\ny\n\n",
                                        "id: 1x\n\n",
                                        "id: 99999999999999999999999\n\n"};
    struct event_log log;
    for (size_t i = 0; i < COUNT(TEXTS); i++)
        assert_false(event_log_read(&log, TEXTS[i], strlen(TEXTS[i])));
    assert_true(event_log_read(&log, "", 0));
    assert_int_equal(event_log_next(&log), 1);
    event_log_release(&log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_numbered_and_found_by_number),
        cmocka_unit_test(numbers_go_on_where_they_are_told_to),
        cmocka_unit_test(the_oldest_go_and_the_newest_stays),
        cmocka_unit_test(a_text_is_read_back),
        cmocka_unit_test(other_texts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
