/* What becomes of jobs when the service ends, as it should or not: what the next process finds of them. */
#include "tests/server/jobs_fixture.h"

static void a_service_that_ends_leaves_its_jobs_to_the_next(void **state) {
    struct jobs *jobs = fixture_open(*state);
    ticket_id_t running, queued;
    atomic_int stop = STOP_NONE;
    submit(jobs, "x", running);
    submit(jobs, "y", queued);
    struct ticket *t = jobs_take(jobs);
    jobs_attach(jobs, t, &stop);
    jobs_stop(jobs);
    assert_int_equal(stop, STOP_CANCEL);
    assert_null(jobs_take(jobs));
    jobs_end(jobs, t, &(struct outcome){.stopped = true, .http = 503, .media = "x", .body = "x", .n = 1});
    jobs_close(jobs);
    jobs = fixture_open(*state);
    assert_int_equal(look_at(jobs, running).job.state, JOB_QUEUED);
    assert_int_equal(look_at(jobs, running).job.attempts, 0);
    assert_int_equal(look_at(jobs, queued).before, 1);
    expect_part(jobs, running, PART_REQUEST, "x");
    jobs_close(jobs);
}

/* A job that has its answer when the service ends keeps it. */
static void an_answer_in_time_is_kept(void **state) {
    struct jobs *jobs = fixture_open(*state);
    ticket_id_t id;
    submit(jobs, "x", id);
    struct ticket *t = jobs_take(jobs);
    jobs_stop(jobs);
    end_with(jobs, t, 200, "1");
    jobs_close(jobs);
    jobs = fixture_open(*state);
    assert_int_equal(look_at(jobs, id).job.state, JOB_DONE);
    jobs_close(jobs);
}

/* die_running kills a process that runs the first job, and has perhaps kept a checkpoint. */
static void die_running(struct fixture *f, bool keeps) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct jobs *jobs = fixture_open(f);
        struct ticket *t = jobs_take(jobs);
        jobs_event(jobs, t, "event: e\n\n", 10);
        if (keeps)
            (void)!jobs_save(jobs, t, "half", 4);
        kill(getpid(), SIGKILL);
    }
    int code;
    assert_int_equal(waitpid(pid, &code, 0), pid);
    assert_true(WIFSIGNALED(code) && WTERMSIG(code) == SIGKILL);
}

static void jobs_survive_a_few_kills(void **state) {
    struct fixture *f = *state;
    struct jobs *jobs = fixture_open(f);
    ticket_id_t id, other;
    submit(jobs, "x", id);
    submit(jobs, "y", other);
    jobs_close(jobs);
    for (int round = 1; round <= JOBS_ATTEMPTS; round++) {
        die_running(f, round == 1);
        jobs = fixture_open(f);
        struct look look = look_at(jobs, id);
        assert_int_equal(look.job.attempts, round);
        assert_int_equal(look.job.state, round < JOBS_ATTEMPTS ? JOB_QUEUED : JOB_FAILED);
        if (round < JOBS_ATTEMPTS)
            expect_part(jobs, id, PART_CHECKPOINT, "half");
        assert_int_equal(look_at(jobs, other).job.state, JOB_QUEUED);
        jobs_close(jobs);
    }
    jobs = fixture_open(f);
    assert_int_equal(look_at(jobs, id).job.http, 500);
    expect_part(jobs, id, PART_CHECKPOINT, NULL);
    struct ticket *t = jobs_find(jobs, id);
    struct buf out;
    bool found;
    buf_init(&out, 1 << 16);
    assert_true(jobs_read(jobs, t, PART_RESULT, &out, &found));
    buf_byte(&out, '\0');
    assert_non_null(strstr(out.data, "ended 5 times while it worked on this job"));
    buf_release(&out);
    jobs_release(jobs, t);
    jobs_close(jobs);
}

/* What comes further each time is no reason for the process to die, and is not given up. */
static void jobs_that_come_further_are_not_given_up(void **state) {
    struct fixture *f = *state;
    struct jobs *jobs = fixture_open(f);
    ticket_id_t id;
    submit(jobs, "x", id);
    jobs_close(jobs);
    for (int round = 0; round < 2 * JOBS_ATTEMPTS; round++)
        die_running(f, true);
    jobs = fixture_open(f);
    assert_int_equal(look_at(jobs, id).job.state, JOB_QUEUED);
    assert_int_equal(look_at(jobs, id).job.attempts, 1);
    expect_part(jobs, id, PART_CHECKPOINT, "half");
    jobs_close(jobs);
}

static void events_go_on_from_the_checkpoint(void **state) {
    struct jobs *jobs = fixture_open(*state);
    ticket_id_t id;
    submit(jobs, "x", id);
    struct ticket *t = jobs_take(jobs);
    jobs_event(jobs, t, "event: a\n\n", 10);
    jobs_event(jobs, t, "event: b\n\n", 10);
    assert_true(jobs_save(jobs, t, "cp", 2));
    jobs_event(jobs, t, "event: c\n\n", 10);
    assert_int_equal(look_at(jobs, id).job.bytes, 3);
    jobs_stop(jobs);
    jobs_end(jobs, t, &(struct outcome){.stopped = true});
    jobs_close(jobs);
    jobs = fixture_open(*state);
    expect_part(jobs, id, PART_CHECKPOINT, "cp");
    t = jobs_take(jobs);
    jobs_event(jobs, t, "event: c\n\n", 10);
    end_with(jobs, t, 200, "1");
    expect_part(jobs, id, PART_EVENTS, "id: 3\nevent: c\n\n");
    jobs_close(jobs);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_service_that_ends_leaves_its_jobs_to_the_next),
        TEST(an_answer_in_time_is_kept),
        TEST(jobs_survive_a_few_kills),
        TEST(jobs_that_come_further_are_not_given_up),
        TEST(events_go_on_from_the_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
