/* A class for each sample of a request: the same bytes as those of a request for its class alone. */
#include <jansson.h>

#include "tests/support/made_model.h"
#include "tests/support/test.h"

#define SAMPLE "/v1/sample"
#define MIXTURE                                                                                   \
    "\"model\":{\"type\":\"mixture\",\"weights\":[1,2,3,1],\"means\":[[-3,0],[3,1],[0,4],[1,1]]," \
    "\"stds\":[0.1,0.4,0.2,0.3],\"classes\":[7,-8,7,5]}"
#define FULL                                                                                                        \
    "\"model\":{\"type\":\"mixture\",\"means\":[[-3,0],[3,1]],\"covariances\":[[[1,0.5],[0.5,1]],[[0.1,0],[0,2]]]," \
    "\"classes\":[7,5]}"
#define POINTS "\"model\":{\"type\":\"points\",\"points\":[[0,1],[2,3],[4,5]],\"classes\":[5,7,5]}"
#define MADE "\"model\":\"made\""

static json_t *samples_of(struct made_model *m, const char *body) {
    char *text = made_model_answer(m, SAMPLE, body);
    json_t *answer = json_loads(text, 0, NULL);
    assert_non_null(answer);
    free(text);
    return answer;
}

static json_t *row(json_t *answer, size_t i) { return json_array_get(json_object_get(answer, "samples"), i); }

/* A request for five samples of two classes, without `class`. */
struct asking {
    const char *members;
    const char *classes[2];
};

/* each_is_its_own: samples of classes a, b, a, b, a are those of requests for a and for b in these places. */
static void each_is_its_own(struct made_model *m, const struct asking *k) {
    char body[1024];
    snprintf(body, sizeof body, "{%s,\"count\":5,\"seed\":3,\"class\":[%s,%s]}", k->members, k->classes[0],
             k->classes[1]);
    json_t *mixed = samples_of(m, body), *alone[2];
    for (size_t c = 0; c < 2; c++) {
        snprintf(body, sizeof body, "{%s,\"count\":5,\"seed\":3,\"class\":%s}", k->members, k->classes[c]);
        alone[c] = samples_of(m, body);
    }
    if (json_array_size(json_object_get(mixed, "samples")) != 5)
        fail_msg("%s: not five samples", body);
    for (size_t i = 0; i < 5; i++) {
        if (!json_equal(row(mixed, i), row(alone[i % 2], i)))
            fail_msg("%s: sample %zu is another", k->members, i);
        if (json_equal(row(mixed, i), row(alone[1 - i % 2], i)))
            fail_msg("%s: sample %zu is that of both classes", k->members, i);
    }
    json_decref(mixed), json_decref(alone[0]), json_decref(alone[1]);
}

/* begin has some model be there, as the host wants. */
static void begin(struct made_model *m) {
    made_model_begin(m);
    made_model_flow(m);
    m->isa = isa_best();
}

/* all_are_their_own is each_is_its_own of several kinds, on one thread and on two. */
static void all_are_their_own(struct made_model *m, const struct asking *kinds, size_t n) {
    for (m->threads = 1; m->threads <= 2; m->threads++)
        for (size_t i = 0; i < n; i++)
            each_is_its_own(m, &kinds[i]);
}

static void formulas_samples_have_their_classes(void **state) {
    (void)state;
    static const struct asking KINDS[] = {
        {MIXTURE, {"7", "-8"}},
        {MIXTURE ",\"sampler\":{\"solver\":\"ddpm\",\"steps\":9},\"path\":\"vp\"", {"5", "7"}},
        {MIXTURE ",\"sampler\":{\"solver\":\"dopri5\"},\"path\":\"flow\"", {"7", "-8"}},
        {MIXTURE ",\"sampler\":{\"solver\":\"dpm_23\"}", {"-8", "5"}},
        {MIXTURE ",\"guidance\":{\"scale\":3,\"rescale\":0.5},\"clip\":{\"quantile\":0.9}", {"7", "-8"}},
        {MIXTURE ",\"guidance\":{\"scale\":2},\"sampler\":{\"solver\":\"euler_cfgpp\",\"steps\":5}", {"7", "-8"}},
        {MIXTURE ",\"measurement\":{\"matrix\":[[1,1]],\"values\":[1]}", {"7", "-8"}},
        {MIXTURE ",\"noise\":\"torch\",\"sampler\":{\"solver\":\"euler_ancestral\",\"steps\":5}", {"7", "-8"}},
        {MIXTURE ",\"stop_after\":2", {"7", "-8"}},
        {MIXTURE ",\"scheduler_config\":{\"_class_name\":\"DDIMScheduler\"},\"sampler\":{\"steps\":5}", {"7", "-8"}},
        {MIXTURE ",\"invert\":[[1,1],[1,1],[1,1],[1,1],[1,1]],\"sampler\":{\"solver\":\"euler\",\"steps\":5}",
         {"7", "-8"}},
        {FULL, {"5", "7"}},
        {POINTS, {"7", "5"}},
    };
    struct made_model m;
    begin(&m);
    all_are_their_own(&m, KINDS, COUNT(KINDS));
    made_model_end(&m);
}

static void networks_samples_have_their_classes(void **state) {
    (void)state;
    static const struct asking KINDS[] = {
        {MADE, {"1", "2"}},
        {MADE ",\"guidance\":{\"scale\":2},\"sampler\":{\"solver\":\"dpmpp_2m\",\"steps\":5}", {"0", "2"}},
        {MADE ",\"guidance\":{\"scale\":2},\"sampler\":{\"solver\":\"euler_cfgpp\",\"steps\":5},\"path\":\"flow\","
              "\"prediction\":\"velocity\"",
         {"0", "2"}},
        {MADE ",\"sampler\":{\"solver\":\"dopri5\"}", {"0", "2"}},
    };
    struct made_model m;
    begin(&m);
    all_are_their_own(&m, KINDS, COUNT(KINDS));
    made_model_end(&m);
    made_model_begin(&m);
    made_model_dit(&m);
    m.isa = isa_best();
    each_is_its_own(&m, &(struct asking){MADE ",\"sampler\":{\"steps\":2}", {"\"goldfish\"", "\"tench\""}});
    made_model_end(&m);
}

/* same_answer wants two requests to have one answer, to the byte. */
static void same_answer(struct made_model *m, const char *one, const char *other) {
    char *a = made_model_answer(m, SAMPLE, one), *b = made_model_answer(m, SAMPLE, other);
    assert_string_equal(a, b);
    free(a), free(b);
}

static void a_list_says_how_many(void **state) {
    (void)state;
    struct made_model m;
    begin(&m);
    same_answer(&m, "{" MIXTURE ",\"seed\":1,\"class\":[7,5,7]}",
                "{" MIXTURE ",\"seed\":1,\"class\":[7,5,7],\"count\":3}");
    same_answer(&m, "{" MIXTURE ",\"seed\":1,\"class\":[7,5],\"count\":4}",
                "{" MIXTURE ",\"seed\":1,\"class\":[7,5,7,5]}");
    same_answer(&m, "{" MIXTURE ",\"seed\":1,\"class\":[7]}", "{" MIXTURE ",\"seed\":1,\"class\":7}");
    same_answer(&m, "{" MIXTURE ",\"seed\":1,\"class\":[7,7]}", "{" MIXTURE ",\"seed\":1,\"class\":7,\"count\":2}");
    same_answer(&m, "{" MIXTURE ",\"seed\":1}", "{" MIXTURE ",\"seed\":1,\"count\":1}");
    made_model_end(&m);
}

/* Pictures of a list's samples stand over the density of its classes, which is drawn once for all of them. */
static void a_list_has_a_picture(void **state) {
    (void)state;
    struct made_model m;
    int http;
    begin(&m);
    m.accept = "image/png";
    free(made_model_answer(&m, SAMPLE, "{" MIXTURE ",\"seed\":1,\"class\":[7,5,7]}"));
    char *text = made_model_post(&m, SAMPLE, "{" POINTS ",\"class\":[7,9]}", &http);
    assert_int_equal(http, 422);
    free(text);
    made_model_end(&m);
}

static void what_cannot_be_is_said(void **state) {
    (void)state;
    static const struct {
        const char *body, *pointer, *words;
    } ROWS[] = {
        {"{" MIXTURE ",\"class\":[7,9]}", "\"/class/1\"", "class[1] is 9, want one that model.classes holds."},
        {"{" MIXTURE ",\"class\":[7,9,3]}", "\"/class/2\"", "class[2] is 3"}, /* the least that is missing */
        {"{" MIXTURE ",\"class\":9}", "\"/class\"", "class is 9, want"},
        {"{" MIXTURE ",\"class\":[\"a\",\"b\"]}", "\"/class/0\"", "are numbers"},
        {"{" MIXTURE ",\"class\":[7,\"b\"]}", "\"/class/1\"", "want a number"},
        {"{" MIXTURE ",\"class\":[]}", "\"/class\"", "want at least 1"},
        {"{" MIXTURE ",\"class\":[[7]]}", "\"/class", "a number or a string"},
        {"{" MIXTURE ",\"class\":[7,5],\"count\":1}", "\"/class\"", "the classes of 2 samples, and count is 1"},
        {"{" MIXTURE ",\"class\":[7,5],\"count\":10,\"diagnostics\":true}", "\"/diagnostics\"", "a list of classes"},
        {"{\"model\":{\"type\":\"points\",\"points\":[1,2]},\"class\":[7,5]}", "\"/class\"", "the model names none"},
        {"{\"model\":{\"type\":\"points\",\"points\":[1,2],\"classes\":[1]},\"class\":[1,5]}", "\"/model/classes\"",
         "one for each of the 2 parts"},
        {"{" MADE ",\"class\":[1,4]}", "\"/class/1\"", "class[1] is 4, want 0 to 2"},
        {"{" MADE ",\"class\":[-1,4]}", "\"/class/0\"", "class[0] is -1, want 0 to 2"},
        {"{" MADE ",\"class\":[\"cat\",\"dog\"]}", "\"/class/0\"", "have no names"},
    };
    struct made_model m;
    begin(&m);
    for (size_t i = 0; i < COUNT(ROWS); i++)
        made_model_refused(&m, SAMPLE, ROWS[i].body, ROWS[i].pointer, ROWS[i].words);
    char *text = made_model_post(&m, "/v1/likelihood", "{" MIXTURE ",\"points\":[[0,0]],\"class\":[7,5]}", &(int){0});
    assert_non_null(strstr(text, "class has 2 elements, want at most 1."));
    free(text);
    made_model_end(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formulas_samples_have_their_classes),
        cmocka_unit_test(networks_samples_have_their_classes),
        cmocka_unit_test(a_list_says_how_many),
        cmocka_unit_test(a_list_has_a_picture),
        cmocka_unit_test(what_cannot_be_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
