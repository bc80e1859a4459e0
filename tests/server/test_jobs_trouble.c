/* Jobs whose file cannot be what it should. */
#include "server/jobs_table.h"
#include "tests/server/jobs_fixture.h"

static void write_file(const char *path, const char *text, size_t n) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void change_file(struct fixture *f, const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* expect_refusal wants jobs to be refused with these words, of a file that is as it was. */
static void expect_refusal(struct jobs *jobs, const char *words) {
    struct submission s = submission_of("x", "");
    struct ticket *t;
    char why[JOBS_WHY];
    assert_int_equal(jobs_submit(jobs, &s, &t, why), VERDICT_BROKEN);
    assert_null(t);
    if (!strstr(why, words))
        fail_msg("%s, want %s", why, words);
}

/* refuse_file opens jobs on a file that is none of theirs, twice, and wants it told once. */
static void refuse_file(struct fixture *f, const char *words) {
    f->log[0] = '\0';
    struct jobs *jobs = fixture_open(f);
    expect_refusal(jobs, words);
    assert_null(jobs_find(jobs, "0"));
    jobs_sweep(jobs);
    assert_non_null(strstr(f->log, words));
    assert_null(strstr(strstr(f->log, "error:") + 1, "error:"));
    jobs_close(jobs);
}

static void files_of_others_are_left_alone(void **state) {
    struct fixture *f = *state;
    write_file(f->path, "this is no database, but long enough to be taken for one: .......................", 80);
    refuse_file(f, "file is not a database");
    char *text = read_file(f->path, NULL);
    assert_memory_equal(text, "this is no", 10);
    free(text);
    unlink(f->path);
    change_file(f, "CREATE TABLE t(x)");
    refuse_file(f, "the database of another program");
    unlink(f->path);
    jobs_close(fixture_open(f));
    change_file(f, "PRAGMA user_version = 99");
    refuse_file(f, "a newer version of this program made it");
    unlink(f->path);
    jobs_close(fixture_open(f));
    change_file(f, "INSERT INTO jobs VALUES(1, 'i', 'p', '', '', '', x'00', '', 0, 0, 'queued', 0, 0, 0, 0, 0, '', 0, "
                   "0, 0, 1, '')");
    refuse_file(f, "a row of it is damaged");
    change_file(f, "UPDATE jobs SET digest = zeroblob(32), state = 'unheard of'");
    refuse_file(f, "a row of it is damaged");
    change_file(f, "UPDATE jobs SET state = 'done', http = 600");
    refuse_file(f, "a row of it is damaged");
    change_file(f, "UPDATE jobs SET http = 200, bytes = -1");
    refuse_file(f, "a row of it is damaged");
    change_file(f, "UPDATE jobs SET bytes = 0, events = 0");
    refuse_file(f, "a row of it is damaged");
    struct jobs_options options = fixture_options(f);
    options.path = "/nowhere/at/all.db";
    struct jobs *jobs = jobs_open(&options);
    expect_refusal(jobs, "unable to open database file");
    jobs_close(jobs);
    options.path = "/dev/null";
    jobs = jobs_open(&options);
    expect_refusal(jobs, "it is not a regular file");
    jobs_close(jobs);
}

/* kept_half leaves a job in the file whose checkpoint is "half". */
static void kept_half(struct fixture *f, ticket_id_t id) {
    struct jobs *jobs = fixture_open(f);
    submit(jobs, "x", id);
    struct ticket *t = jobs_take(jobs);
    assert_true(jobs_save(jobs, t, "half", 4));
    jobs_stop(jobs);
    jobs_end(jobs, t, &(struct outcome){.stopped = true});
    jobs_close(jobs);
}

static void expect_damage(struct fixture *f, const char *id) {
    struct jobs *jobs = fixture_open(f);
    struct ticket *t = jobs_find(jobs, id);
    struct buf out;
    bool found;
    buf_init(&out, 1 << 16);
    assert_non_null(t);
    assert_false(jobs_read(jobs, t, PART_CHECKPOINT, &out, &found));
    assert_int_equal(out.n, 0);
    jobs_release(jobs, t);
    buf_release(&out);
    expect_part(jobs, id, PART_REQUEST, "x");
    jobs_close(jobs);
}

static void what_is_damaged_is_not_given(void **state) {
    struct fixture *f = *state;
    ticket_id_t id;
    kept_half(f, id);
    change_file(f, "UPDATE parts SET body = CAST('calf' AS BLOB) WHERE part % 8 = 2");
    expect_damage(f, id);
    change_file(f, "UPDATE parts SET body = CAST('half' AS BLOB), digest = x'00' WHERE part % 8 = 2");
    expect_damage(f, id);
    change_file(f, "UPDATE parts SET digest = zeroblob(32) WHERE part % 8 = 2");
    expect_damage(f, id);
    /* That of another part is none of this one. */
    change_file(f, "UPDATE parts SET body = CAST('x' AS BLOB), digest = (SELECT digest FROM parts WHERE part % 8 = 0)"
                   " WHERE part % 8 = 2");
    expect_damage(f, id);
}

static void a_file_without_digests_is_taken_over(void **state) {
    struct fixture *f = *state;
    ticket_id_t old, new;
    kept_half(f, old);
    change_file(f, "ALTER TABLE parts DROP COLUMN digest; PRAGMA user_version = 2");
    struct jobs *jobs = fixture_open(f);
    expect_part(jobs, old, PART_CHECKPOINT, "half");
    submit(jobs, "y", new);
    expect_part(jobs, new, PART_REQUEST, "y");
    jobs_close(jobs);
    change_file(f, "UPDATE parts SET body = CAST('z' AS BLOB) WHERE digest IS NOT NULL");
    jobs = fixture_open(f);
    expect_part(jobs, old, PART_REQUEST, "x");
    struct ticket *t = jobs_find(jobs, new);
    struct buf out;
    bool found;
    buf_init(&out, 1 << 16);
    assert_false(jobs_read(jobs, t, PART_REQUEST, &out, &found));
    buf_release(&out);
    jobs_release(jobs, t);
    jobs_close(jobs);
}

static void a_file_that_is_there_again_is_used(void **state) {
    struct fixture *f = *state;
    ticket_id_t id;
    struct jobs *first = fixture_open(f);
    submit(first, "x", id);
    struct jobs *second = fixture_open(f);
    expect_refusal(second, "database is locked");
    jobs_close(first);
    jobs_sweep(second);
    assert_int_equal(look_at(second, id).job.state, JOB_QUEUED);
    assert_non_null(strstr(f->log, "The jobs' file can be used again."));
    jobs_close(second);
}

/* -- a disk that stops taking anything -- */

static void forbid(struct jobs *jobs, bool forbidden) {
    assert_int_equal(
        sqlite3_exec(jobs->store.db, forbidden ? "PRAGMA query_only = 1" : "PRAGMA query_only = 0", NULL, NULL, NULL),
        SQLITE_OK);
}

static void what_is_not_written_is_not_promised(void **state) {
    struct jobs *jobs = fixture_open(*state);
    ticket_id_t id;
    submit(jobs, "x", id);
    forbid(jobs, true);
    expect_refusal(jobs, "attempt to write a readonly database");
    struct ticket *t = jobs_find(jobs, id);
    struct look look;
    bool forgotten;
    char why[JOBS_WHY];
    assert_false(jobs_cancel(jobs, t, &look, &forgotten, why));
    assert_int_equal(look_at(jobs, id).job.state, JOB_QUEUED);
    jobs_release(jobs, t);
    forbid(jobs, false);
    t = jobs_take(jobs);
    forbid(jobs, true);
    assert_false(jobs_save(jobs, t, "c", 1));
    end_with(jobs, t, 200, "1");
    look = look_at(jobs, id); /* in this process alone */
    assert_int_equal(look.job.state, JOB_FAILED);
    assert_int_equal(look.job.http, 503);
    assert_string_equal(look.job.result_media, "");
    assert_non_null(strstr(((struct fixture *)*state)->log, "error: The jobs' file cannot be used"));
    jobs_close(jobs);
    jobs = fixture_open(*state);
    look = look_at(jobs, id); /* the next one runs it again */
    assert_int_equal(look.job.state, JOB_QUEUED);
    assert_int_equal(look.job.attempts, 1);
    jobs_close(jobs);
}

/* Whoever cancels waits for the file; a job that stops before him is cancelled, and no failure. */
static void a_job_that_stops_first_is_cancelled(void **state) {
    struct jobs *jobs = fixture_open(*state);
    ticket_id_t id;
    atomic_int stop = STOP_NONE;
    submit(jobs, "x", id);
    struct ticket *t = jobs_take(jobs), *same = jobs_find(jobs, id);
    struct look look;
    bool forgotten;
    char why[JOBS_WHY];
    jobs_attach(jobs, t, &stop);
    forbid(jobs, true);
    assert_false(jobs_cancel(jobs, same, &look, &forgotten, why));
    assert_int_equal(stop, STOP_CANCEL);
    forbid(jobs, false);
    jobs_end(
        jobs, t,
        &(struct outcome){.stopped = true, .http = 503, .media = "application/problem+json", .body = "{}", .n = 2});
    look = look_at(jobs, id);
    assert_int_equal(look.job.state, JOB_CANCELLED);
    assert_string_equal(look.job.result_media, "");
    expect_part(jobs, id, PART_RESULT, NULL);
    jobs_release(jobs, same);
    jobs_close(jobs);
}

/* A file of version 1 knew not what jobs make. */
static void an_older_file_is_brought_up(void **state) {
    struct fixture *f = *state;
    ticket_id_t id;
    struct jobs *jobs = fixture_open(f);
    submit(jobs, "x", id);
    jobs_close(jobs);
    change_file(f, "ALTER TABLE jobs DROP COLUMN makes; ALTER TABLE parts DROP COLUMN digest; PRAGMA user_version = 1");
    jobs = fixture_open(f);
    assert_string_equal(look_at(jobs, id).job.makes, "");
    submit(jobs, "y", id);
    jobs_close(jobs);
    jobs = fixture_open(f);
    assert_int_equal(look_at(jobs, id).job.state, JOB_QUEUED);
    jobs_close(jobs);
}

static int count_parts(struct jobs *jobs) {
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(jobs->store.db, "SELECT count(*) FROM parts", -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    const int n = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

/* What is of no use any more is not removed while a client waits, but then it is: also by the process after. */
static void parts_go_when_there_is_time(void **state) {
    struct jobs *jobs = fixture_open(*state);
    ticket_id_t id, other;
    submit(jobs, "x", id);
    submit(jobs, "y", other);
    jobs_sweep(jobs);
    assert_int_equal(count_parts(jobs), 2);
    assert_false(cancel_one(jobs, id));
    assert_int_equal(count_parts(jobs), 3); /* the request, and the last event */
    expect_part(jobs, id, PART_REQUEST, NULL);
    jobs_sweep(jobs);
    assert_int_equal(count_parts(jobs), 2);
    assert_true(cancel_one(jobs, id));
    assert_int_equal(count_parts(jobs), 2);
    jobs_close(jobs);
    jobs = fixture_open(*state);
    assert_int_equal(count_parts(jobs), 1);
    expect_part(jobs, other, PART_REQUEST, "y");
    jobs_close(jobs);
}

static void expired_jobs_that_cannot_be_removed_are_not_shown(void **state) {
    struct fixture *f = *state;
    struct jobs *jobs = fixture_open(f);
    ticket_id_t id;
    submit(jobs, "x", id);
    end_with(jobs, jobs_take(jobs), 200, "1");
    forbid(jobs, true);
    f->now_ms += 60000;
    jobs_sweep(jobs);
    assert_false(is_there(jobs, id));
    forbid(jobs, false);
    jobs_sweep(jobs);
    size_t counts[N_JOB_STATES];
    uint64_t bytes;
    jobs_count(jobs, counts, &bytes);
    assert_int_equal(counts[JOB_DONE], 0);
    assert_int_equal(bytes, 0);
    jobs_close(jobs);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(files_of_others_are_left_alone),       TEST(what_is_damaged_is_not_given),
        TEST(a_file_without_digests_is_taken_over), TEST(a_file_that_is_there_again_is_used),
        TEST(what_is_not_written_is_not_promised),  TEST(a_job_that_stops_first_is_cancelled),
        TEST(an_older_file_is_brought_up),          TEST(expired_jobs_that_cannot_be_removed_are_not_shown),
        TEST(parts_go_when_there_is_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
