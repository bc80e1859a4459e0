/* Jobs as their clients and workers see them, while the disk does what it should; test_jobs_trouble.c has the rest,
 * test_jobs_next.c what the next process finds. */
#include <pthread.h>

#include "tests/server/jobs_fixture.h"

static void a_job_goes_from_queued_to_done(void **state) {
    struct fixture *f = *state;
    struct jobs *jobs = fixture_open(f);
    ticket_id_t id;
    submit(jobs, "[3,1,2]", id);
    struct look look = look_at(jobs, id);
    assert_int_equal(look.job.state, JOB_QUEUED);
    assert_int_equal(look.job.created, FIXTURE_NOW * INT64_C(1000));
    assert_int_equal(look.job.bytes, 7);
    assert_true(look.left_s == 2);
    expect_part(jobs, id, PART_REQUEST, "[3,1,2]");
    f->now_ms += 500;
    struct ticket *t = jobs_take(jobs);
    look = look_at(jobs, id);
    assert_int_equal(look.job.state, JOB_RUNNING);
    assert_int_equal(look.job.started, f->now_ms);
    assert_int_equal(look.job.attempts, 1);
    assert_true(look.share < 0);
    f->now_ms += 500;
    assert_true(look_at(jobs, id).left_s == 1.5); /* by its cost */
    jobs_share(jobs, t, 0.25);
    assert_true(look_at(jobs, id).left_s == 1.5); /* three times what a quarter took */
    assert_true(look_at(jobs, id).share == 0.25);
    f->now_ms += 1000;
    end_with(jobs, t, 200, "{\"values\":[1,2,3]}");
    look = look_at(jobs, id);
    assert_int_equal(look.job.state, JOB_DONE);
    assert_int_equal(look.job.http, 200);
    assert_int_equal(look.job.ended, f->now_ms);
    assert_int_equal(look.expires, f->now_ms + 60000);
    assert_true(look.left_s < 0);
    expect_part(jobs, id, PART_RESULT, "{\"values\":[1,2,3]}");
    expect_part(jobs, id, PART_REQUEST, NULL);
    jobs_close(jobs);
}

static void what_nothing_is_known_of_is_not_guessed(void **state) {
    struct jobs *jobs = fixture_open(*state);
    struct submission s = submission_of("x", "");
    struct ticket *t;
    ticket_id_t id;
    char why[JOBS_WHY];
    s.job.cost_ns = 0;
    assert_int_equal(jobs_submit(jobs, &s, &t, why), VERDICT_TAKEN);
    jobs_release(jobs, t);
    submit(jobs, "y", id);
    assert_true(look_at(jobs, id).left_s < 0);
    t = jobs_take(jobs);
    assert_true(look_at(jobs, id).left_s < 0);
    ((struct fixture *)*state)->now_ms += 1000;
    jobs_share(jobs, t, 0.5);
    assert_true(look_at(jobs, id).left_s == 3); /* one of the first, two of its own */
    end_with(jobs, t, 200, "1");
    jobs_close(jobs);
}

static void a_problem_is_a_failure(void **state) {
    struct jobs *jobs = fixture_open(*state);
    ticket_id_t id;
    submit(jobs, "x", id);
    end_with(jobs, jobs_take(jobs), 422, "{\"status\":422}");
    struct look look = look_at(jobs, id);
    assert_int_equal(look.job.state, JOB_FAILED);
    assert_int_equal(look.job.http, 422);
    expect_part(jobs, id, PART_RESULT, "{\"status\":422}");
    jobs_close(jobs);
}

static void jobs_are_taken_in_the_order_they_came(void **state) {
    struct jobs *jobs = fixture_open(*state);
    ticket_id_t ids[3];
    for (int i = 0; i < 3; i++)
        submit(jobs, "x", ids[i]);
    assert_int_equal(look_at(jobs, ids[2]).before, 2);
    assert_true(look_at(jobs, ids[2]).left_s == 6);
    struct ticket *first = jobs_take(jobs);
    assert_int_equal(look_at(jobs, ids[0]).job.state, JOB_RUNNING);
    assert_int_equal(look_at(jobs, ids[2]).before, 1);
    assert_false(cancel_one(jobs, ids[1]));
    assert_int_equal(look_at(jobs, ids[2]).before, 0);
    struct ticket *third = jobs_take(jobs);
    assert_int_equal(look_at(jobs, ids[2]).job.state, JOB_RUNNING);
    end_with(jobs, first, 200, "1");
    end_with(jobs, third, 200, "3");
    jobs_close(jobs);
}

static void a_list_has_the_newest_first_and_pages(void **state) {
    struct jobs *jobs = fixture_open(*state);
    ticket_id_t ids[5];
    struct look looks[3];
    bool more;
    for (int i = 0; i < 5; i++)
        submit(jobs, "x", ids[i]);
    end_with(jobs, jobs_take(jobs), 200, "1");
    assert_int_equal(jobs_list(jobs, INT64_MAX, -1, looks, 3, &more), 3);
    assert_true(more);
    assert_string_equal(looks[0].job.id, ids[4]);
    assert_string_equal(looks[2].job.id, ids[2]);
    assert_int_equal(jobs_list(jobs, looks[2].job.seq, -1, looks, 3, &more), 2);
    assert_false(more);
    assert_string_equal(looks[1].job.id, ids[0]);
    assert_int_equal(jobs_list(jobs, INT64_MAX, JOB_DONE, looks, 3, &more), 1);
    assert_string_equal(looks[0].job.id, ids[0]);
    assert_int_equal(jobs_list(jobs, INT64_MAX, JOB_QUEUED, looks, 3, &more), 3);
    assert_true(more);
    size_t counts[N_JOB_STATES];
    uint64_t bytes;
    jobs_count(jobs, counts, &bytes);
    assert_int_equal(counts[JOB_QUEUED], 4);
    assert_int_equal(counts[JOB_DONE], 1);
    jobs_close(jobs);
}

static void the_same_key_gives_the_same_job(void **state) {
    struct jobs *jobs = fixture_open(*state);
    struct submission s = submission_of("x", "k"), other = submission_of("y", "k");
    struct ticket *a, *b;
    char why[JOBS_WHY];
    for (int round = 0; round < 2; round++) {
        assert_int_equal(jobs_submit(jobs, &s, &a, why), round ? VERDICT_SAME : VERDICT_TAKEN);
        assert_int_equal(jobs_submit(jobs, &s, &b, why), VERDICT_SAME);
        assert_ptr_equal(a, b);
        jobs_release(jobs, a), jobs_release(jobs, b);
        assert_int_equal(jobs_submit(jobs, &other, &a, why), VERDICT_CLASH);
        assert_non_null(strstr(why, "\"k\" stands for another request"));
        assert_null(a);
        jobs_close(jobs); /* also over the end of the process */
        jobs = fixture_open(*state);
    }
    end_with(jobs, jobs_take(jobs), 200, "1");
    assert_int_equal(jobs_submit(jobs, &s, &a, why), VERDICT_SAME);
    jobs_release(jobs, a);
    ((struct fixture *)*state)->now_ms += 60000;
    assert_int_equal(jobs_submit(jobs, &s, &a, why), VERDICT_TAKEN); /* as long as the job is kept */
    jobs_release(jobs, a);
    jobs_close(jobs);
}

static void results_expire(void **state) {
    struct fixture *f = *state;
    struct jobs *jobs = fixture_open(f);
    ticket_id_t done, queued;
    submit(jobs, "x", done);
    end_with(jobs, jobs_take(jobs), 200, "1");
    submit(jobs, "y", queued);
    f->now_ms += 59999;
    jobs_sweep(jobs);
    assert_true(is_there(jobs, done));
    f->now_ms += 1;
    assert_false(is_there(jobs, done)); /* before it is swept, too */
    struct look look;
    bool more;
    assert_int_equal(jobs_list(jobs, INT64_MAX, -1, &look, 1, &more), 1);
    assert_false(more);
    size_t counts[N_JOB_STATES];
    uint64_t bytes;
    jobs_sweep(jobs);
    jobs_count(jobs, counts, &bytes);
    assert_int_equal(counts[JOB_DONE], 0);
    assert_int_equal(bytes, 1);
    f->now_ms += 1000 * 60000;
    assert_true(is_there(jobs, queued)); /* what has not ended does not */
    jobs_close(jobs);
    jobs = fixture_open(f);
    assert_false(is_there(jobs, done));
    assert_true(is_there(jobs, queued));
    jobs_close(jobs);
}

static void past_the_limits_jobs_are_refused(void **state) {
    struct fixture *f = *state;
    struct jobs_options options = fixture_options(f);
    options.bytes = 100;
    struct jobs *jobs = jobs_open(&options);
    char body[102] = "", why[JOBS_WHY];
    ticket_id_t id;
    struct ticket *t;
    memset(body, 'x', 101);
    struct submission large = submission_of(body, ""), one = submission_of("x", "");
    assert_int_equal(jobs_submit(jobs, &large, &t, why), VERDICT_HUGE);
    assert_non_null(strstr(why, "has 101 bytes, and all jobs together may hold 100"));
    assert_non_null(strstr(why, "--jobs-bytes"));
    large.n = 100;
    assert_int_equal(jobs_submit(jobs, &large, &t, why), VERDICT_TAKEN);
    jobs_release(jobs, t);
    assert_int_equal(jobs_submit(jobs, &one, &t, why), VERDICT_LARGE);
    assert_non_null(strstr(why, "more than the 100 bytes"));
    assert_non_null(strstr(why, "--jobs-bytes"));
    jobs_close(jobs);
    options.path = "";
    jobs = jobs_open(&options);
    for (int i = 0; i < 8; i++)
        submit(jobs, "x", id);
    assert_int_equal(jobs_submit(jobs, &one, &t, why), VERDICT_FULL);
    assert_non_null(strstr(why, "There are 8 jobs"));
    assert_false(cancel_one(jobs, id)); /* cancelled, and kept */
    assert_int_equal(jobs_submit(jobs, &one, &t, why), VERDICT_FULL);
    assert_true(cancel_one(jobs, id)); /* forgotten */
    assert_false(is_there(jobs, id));
    submit(jobs, "x", id);
    jobs_close(jobs);
}

static enum verdict make(struct jobs *jobs, const char *body, const char *name, struct ticket **out) {
    struct submission s = submission_of(body, "");
    char why[JOBS_WHY] = "";
    snprintf(s.job.makes, sizeof s.job.makes, "%s", name);
    enum verdict verdict = jobs_submit(jobs, &s, out, why);
    if (verdict == VERDICT_MAKING && !strstr(why, "makes the model one already"))
        fail_msg("%s", why);
    return verdict;
}

/* One job at a time makes a model, until it has ended. */
static void no_two_jobs_make_one_thing(void **state) {
    struct jobs *jobs = fixture_open(*state);
    struct ticket *first, *other, *none;
    struct look look;
    char id[STORE_ID + 1] = "";
    assert_int_equal(make(jobs, "a", "one", &first), VERDICT_TAKEN);
    jobs_look(jobs, first, &look);
    assert_int_equal(make(jobs, "b", "one", &none), VERDICT_MAKING);
    assert_null(none);
    assert_int_equal(make(jobs, "b", "on", &other), VERDICT_TAKEN);
    jobs_release(jobs, first);
    jobs_release(jobs, other);
    jobs_close(jobs);
    jobs = fixture_open(*state); /* the next process knows it, too */
    assert_true(jobs_making(jobs, "one", id));
    assert_string_equal(id, look.job.id);
    assert_false(jobs_making(jobs, "o", id));
    assert_false(jobs_making(jobs, "", id));
    struct ticket *running = jobs_take(jobs);
    assert_int_equal(make(jobs, "b", "one", &none), VERDICT_MAKING);
    end_with(jobs, running, 200, "1");
    assert_false(jobs_making(jobs, "one", id));
    assert_int_equal(make(jobs, "b", "one", &first), VERDICT_TAKEN);
    jobs_release(jobs, first);
    jobs_close(jobs);
}

static void an_answer_that_does_not_fit_is_a_failure(void **state) {
    struct jobs_options options = fixture_options(*state);
    options.bytes = 100;
    struct jobs *jobs = jobs_open(&options);
    ticket_id_t id;
    char body[102] = "";
    memset(body, '1', 101);
    submit(jobs, "x", id);
    end_with(jobs, jobs_take(jobs), 200, body);
    struct look look = look_at(jobs, id);
    assert_int_equal(look.job.state, JOB_FAILED);
    assert_int_equal(look.job.http, 413);
    assert_string_equal(look.job.result_media, "application/problem+json");
    jobs_close(jobs);
}

static void a_queued_job_is_cancelled_for_good(void **state) {
    struct jobs *jobs = fixture_open(*state);
    ticket_id_t id;
    submit(jobs, "x", id);
    assert_false(cancel_one(jobs, id));
    assert_int_equal(look_at(jobs, id).job.state, JOB_CANCELLED);
    expect_part(jobs, id, PART_REQUEST, NULL);
    jobs_close(jobs);
    jobs = fixture_open(*state);
    assert_int_equal(look_at(jobs, id).job.state, JOB_CANCELLED);
    jobs_close(jobs);
}

static void a_running_job_is_told_to_stop(void **state) {
    struct jobs *jobs = fixture_open(*state);
    ticket_id_t id;
    atomic_int stop = STOP_NONE, late = STOP_NONE;
    submit(jobs, "x", id);
    struct ticket *t = jobs_take(jobs);
    jobs_attach(jobs, t, &stop);
    assert_false(cancel_one(jobs, id));
    assert_int_equal(stop, STOP_CANCEL);
    assert_int_equal(look_at(jobs, id).job.state, JOB_CANCELLED);
    jobs_attach(jobs, t, &late); /* who comes late learns of it too */
    assert_int_equal(late, STOP_CANCEL);
    assert_false(jobs_save(jobs, t, "c", 1));
    jobs_event(jobs, t, "event: e\n\n", 10);
    end_with(jobs, t, 200, "too late");
    assert_int_equal(look_at(jobs, id).job.state, JOB_CANCELLED);
    expect_part(jobs, id, PART_RESULT, NULL);
    assert_true(cancel_one(jobs, id));
    assert_false(is_there(jobs, id));
    jobs_close(jobs);
}

static void the_last_event_tells_the_end(void **state) {
    struct fixture *f = *state;
    struct jobs *jobs = fixture_open(f);
    ticket_id_t id;
    char wanted[1024];
    submit(jobs, "x", id);
    struct ticket *t = jobs_take(jobs);
    jobs_event(jobs, t, "event: a\n\n", 10);
    end_with(jobs, t, 200, "{\"n\":1}");
    snprintf(wanted, sizeof wanted,
             "id: end\nevent: done\ndata: {\"id\":\"%s\",\"state\":\"done\",\"path\":\"/v1/solve/sort\","
             "\"request_id\":\"r-1\",\"attempts\":1,\"created\":\"2023-11-14T22:13:20.000Z\","
             "\"started\":\"2023-11-14T22:13:20.000Z\",\"ended\":\"2023-11-14T22:13:20.000Z\","
             "\"expires\":\"2023-11-14T22:14:20.000Z\",\"status\":200,\"media\":\"application/json\",\"bytes\":23,"
             "\"result\":{\"n\":1},\"url\":\"/v1/jobs/%s\",\"result_url\":\"/v1/jobs/%s/result\","
             "\"events_url\":\"/v1/jobs/%s/events\"}\n\n",
             id, id, id, id);
    expect_part(jobs, id, PART_LAST, wanted);
    expect_part(jobs, id, PART_EVENTS, "id: 1\nevent: a\n\n");
    jobs_close(jobs);
}

/* -- listeners -- */

struct ear {
    struct listener listener; /* first */
    atomic_int woken;
};
static void wake_ear(struct listener *l) { atomic_fetch_add(&((struct ear *)l)->woken, 1); }

static void listeners_are_woken(void **state) {
    struct jobs *jobs = fixture_open(*state);
    ticket_id_t first, second;
    submit(jobs, "x", first);
    submit(jobs, "y", second);
    struct ear a = {.listener = {.ticket = jobs_find(jobs, first), .wake = wake_ear}};
    struct ear b = {.listener = {.ticket = jobs_find(jobs, second), .wake = wake_ear}};
    jobs_listen(jobs, &a.listener);
    jobs_listen(jobs, &b.listener);
    struct ticket *t = jobs_take(jobs);
    assert_int_equal(a.woken, 1);
    assert_int_equal(b.woken, 1); /* its place has changed */
    jobs_event(jobs, t, "event: a\n\n", 10);
    assert_int_equal(a.woken, 2);
    assert_int_equal(b.woken, 1);
    end_with(jobs, t, 200, "1");
    assert_int_equal(a.woken, 3);
    jobs_lock(jobs);
    size_t n;
    assert_memory_equal(event_log_from(ticket_log(a.listener.ticket), 1, &n), "id: 1\n", 6);
    assert_memory_equal(ticket_last(a.listener.ticket)->data, "id: end\nevent: done\n", 20);
    jobs_unlock(jobs);
    assert_true(cancel_one(jobs, first)); /* forgotten, while someone listens */
    assert_int_equal(a.woken, 4);
    jobs_leave(jobs, &a.listener);
    jobs_stop(jobs);
    assert_in_range(b.woken, 3, 10);
    jobs_leave(jobs, &b.listener);
    jobs_close(jobs);
}

/* -- threads -- */

enum { MANY = 60 };

static void *work(void *arg) {
    struct jobs *jobs = arg;
    atomic_int stop;
    for (struct ticket *t; (t = jobs_take(jobs));) {
        atomic_store(&stop, STOP_NONE);
        jobs_attach(jobs, t, &stop);
        jobs_share(jobs, t, 0.5);
        jobs_event(jobs, t, "event: a\n\n", 10);
        end_with(jobs, t, 200, "1");
    }
    return NULL;
}

static void many_threads_do_each_job_once(void **state) {
    struct jobs_options options = fixture_options(*state);
    options.max = MANY;
    options.path = "";
    struct jobs *jobs = jobs_open(&options);
    pthread_t workers[3];
    ticket_id_t ids[MANY];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&workers[i], NULL, work, jobs), 0);
    for (int i = 0; i < MANY; i++) {
        submit(jobs, "x", ids[i]);
        if (i % 3 == 0)
            (void)cancel_one(jobs, ids[i]);
    }
    size_t counts[N_JOB_STATES] = {1};
    uint64_t bytes;
    while (counts[JOB_QUEUED] + counts[JOB_RUNNING] > 0) {
        jobs_count(jobs, counts, &bytes);
        usleep(1000);
    }
    for (int i = 0; i < MANY; i++)
        if (is_there(jobs, ids[i]) && look_at(jobs, ids[i]).job.state == JOB_DONE)
            assert_int_equal(look_at(jobs, ids[i]).job.attempts, 1);
    jobs_stop(jobs);
    for (int i = 0; i < 3; i++)
        pthread_join(workers[i], NULL);
    jobs_close(jobs);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_job_goes_from_queued_to_done),
        TEST(what_nothing_is_known_of_is_not_guessed),
        TEST(a_problem_is_a_failure),
        TEST(jobs_are_taken_in_the_order_they_came),
        TEST(a_list_has_the_newest_first_and_pages),
        TEST(the_same_key_gives_the_same_job),
        TEST(results_expire),
        TEST(past_the_limits_jobs_are_refused),
        TEST(no_two_jobs_make_one_thing),
        TEST(an_answer_that_does_not_fit_is_a_failure),
        TEST(a_queued_job_is_cancelled_for_good),
        TEST(a_running_job_is_told_to_stop),
        TEST(the_last_event_tells_the_end),
        TEST(listeners_are_woken),
        TEST(many_threads_do_each_job_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
