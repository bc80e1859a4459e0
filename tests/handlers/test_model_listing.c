/* What GET /v1/models and GET /v1/models/{id} tell: no more than fits, and page by page. */
#include "handlers/model_listing.h"

#include "tests/support/host.h"
#include "tests/support/made_model.h"
#include "tests/support/test.h"

enum { LABELS = 600 };

/* begin has a DiT with so many labels that each class has one of `each` bytes. */
static void begin(struct made_model *m, size_t labels, int each) {
    struct buf text;
    made_model_begin(m);
    made_model_transformer(m);
    buf_init(&text, 1 << 24);
    buf_text(&text, "{\"transformer\":[\"diffusers\",\"DiTTransformer2DModel\"],\"scheduler\":[\"diffusers\","
                    "\"DDIMScheduler\"],\"id2label\":{");
    for (size_t i = 0; i < labels; i++)
        buf_printf(&text, "%s\"%zu\":\"%0*zu\"", i ? "," : "", i, each, i);
    buf_text(&text, "}}");
    buf_byte(&text, '\0');
    assert_false(text.failed);
    made_files_text(&m->folder, "model_index.json", text.data);
    buf_release(&text);
    made_model_load(m);
}

/* tell has the model described with texts of at most `most` bytes. */
static void tell(struct made_model *m, size_t most, struct call *call, struct model_listing *out) {
    bool found;
    call_init(call, test_endpoint("GET", "/v1/models/made"), &m->host);
    assert_int_equal(model_list(call, (struct str){"made", 4}, MODEL_DIGESTED, most, out, &found), STATUS_OK);
    assert_true(found);
}

static void what_is_too_long_is_left_out(void **state) {
    (void)state;
    struct made_model m;
    struct call call;
    struct model_listing full, cut;
    begin(&m, LABELS, 20);
    tell(&m, MODEL_TEXT, &call, &full);
    const size_t n = full.labels.n;
    assert_true(full.has_labels && full.has_scheduler && !full.left_out.kind);
    assert_true(n > LABELS * 22 && n > full.scheduler.n);
    call_release(&call);
    tell(&m, n, &call, &cut); /* just fits */
    assert_true(cut.has_labels && !cut.left_out.kind);
    call_release(&call);
    tell(&m, n - 1, &call, &cut);
    assert_true(!cut.has_labels && cut.has_scheduler && cut.left_out.n == 1);
    assert_string_equal(cut.left_out.strings[0].p, "labels");
    call_release(&call);
    tell(&m, 10, &call, &cut);
    assert_true(!cut.has_labels && !cut.has_scheduler && cut.left_out.n == 2 && cut.classes == 1000);
    call_release(&call);
    made_model_end(&m);
}

/* A megabyte and more of labels, as a hostile folder may have. */
static void a_hostile_folder_is_told_shortly(void **state) {
    (void)state;
    struct made_model m;
    struct call call;
    struct model_listing listing;
    begin(&m, 2 * LABELS, 1000);
    tell(&m, MODEL_TEXT, &call, &listing);
    assert_false(listing.has_labels);
    assert_true(call.ctx.used < MODEL_TEXT);
    call_release(&call);
    made_model_end(&m);
}

/* Each allocation fails in turn, of a listing that leaves something out. */
static void each_allocation_may_fail(void **state) {
    (void)state;
    struct made_model m;
    enum status status = STATUS_NO_MEMORY;
    begin(&m, LABELS, 20);
    for (size_t n = 0; status != STATUS_OK; n++) {
        struct call call;
        struct model_listing listing;
        bool found;
        call_init(&call, test_endpoint("GET", "/v1/models/made"), &m.host);
        call.ctx.fail_after = n;
        status = model_list(&call, (struct str){"made", 4}, MODEL_DIGESTED, MODEL_TEXT_LISTED, &listing, &found);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        assert_true(n > 0 || status == STATUS_NO_MEMORY);
        call_release(&call);
    }
    made_model_end(&m);
}

static void expect(const char *target, const char *wanted) {
    int http;
    char *text = test_get(target, &http);
    if (http != 200 || strcmp(text, wanted) != 0)
        fail_msg("%s: %d %s", target, http, text);
    free(text);
}

#define COIN "\"models\":[{\"name\":\"coin\",\"kind\":\"formula\",\"digest\":\"c01n\"}]"
#define BROKEN "\"bad\":[{\"name\":\"broken\",\"why\":\"It is not JSON.\"}]"

static void names_come_in_pages(void **state) {
    (void)state;
    expect("/v1/models", "{" COIN "," BROKEN "}");
    expect("/v1/models?limit=2", "{" COIN "," BROKEN "}");
    expect("/v1/models?limit=1", "{\"models\":[]," BROKEN ",\"next\":\"broken\"}");
    expect("/v1/models?limit=1&after=broken", "{" COIN ",\"bad\":[]}");
    expect("/v1/models?after=broke", "{" COIN "," BROKEN "}");
    expect("/v1/models?after=brokeo", "{" COIN ",\"bad\":[]}");
    expect("/v1/models?after=coin", "{\"models\":[],\"bad\":[]}");
}

static void pages_have_limits(void **state) {
    (void)state;
    static const char *const TARGETS[] = {"/v1/models?limit=0", "/v1/models?limit=1001",
                                          "/v1/models?after=", "/v1/models?before=1"};
    for (size_t i = 0; i < COUNT(TARGETS); i++) {
        int http;
        char *text = test_get(TARGETS[i], &http);
        if (http != 422)
            fail_msg("%s: %d %s", TARGETS[i], http, text);
        free(text);
    }
}

/* A name that is near is asked for, in the answer of every method. */
static void a_name_that_is_near_is_named(void **state) {
    (void)state;
    static const char *const METHODS[] = {"GET", "DELETE"};
    for (size_t i = 0; i < COUNT(METHODS); i++) {
        int http;
        char *text = test_ask(METHODS[i], "/v1/models/cion", &http);
        assert_int_equal(http, 404);
        assert_non_null(strstr(text, "There is no model \\\"cion\\\" (did you mean \\\"coin\\\"?); GET /v1/models"));
        free(text);
        text = test_ask(METHODS[i], "/v1/models/nickel", &http);
        assert_int_equal(http, 404);
        assert_non_null(strstr(text, "There is no model \\\"nickel\\\"; GET"));
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_too_long_is_left_out),
        cmocka_unit_test(a_hostile_folder_is_told_shortly),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(names_come_in_pages),
        cmocka_unit_test(pages_have_limits),
        cmocka_unit_test(a_name_that_is_near_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
