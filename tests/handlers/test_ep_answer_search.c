#include "tests/support/host.h"
#include "tests/support/test.h"

#include <jansson.h>
#include <math.h>

static const char ROUTE[] = "/v1/solve/answer-search";

static void answers(void **state) {
    (void)state;
    static const struct {
        const char *request, *answer;
    } rows[] = {
        {"{\"problem\":\"split-array\",\"nums\":[7,2,5,10,8],\"k\":2}",
         "{\"found\":true,\"answer\":18,\"evaluations\":5,\"proof\":{\"holds_at\":18,\"fails_at\":17}}"},
        {"{\"problem\":\"bouquets\",\"bloom_day\":[1,10,3],\"m\":2,\"k\":2}",
         "{\"found\":false,\"evaluations\":1,\"proof\":{\"fails_at\":10}}"},
        {"{\"problem\":\"h-index\",\"citations\":[0]}",
         "{\"found\":true,\"answer\":0,\"evaluations\":3,\"proof\":{\"holds_at\":0,\"fails_at\":1}}"},
        {"{\"problem\":\"separate-squares\",\"squares\":[[0,0,1],[2,2,1]]}",
         "{\"found\":true,\"answer\":1.0,\"evaluations\":63,\"proof\":{\"holds_at\":1.0,\"fails_at\":"
         "0.9999999999999999}}"},
        {"{\"problem\":\"arrival-speed\",\"dist\":[1,1000000000000000000],\"hour\":0.5}",
         "{\"found\":false,\"evaluations\":1,\"proof\":{\"fails_at\":1000000000000000000}}"},
        {"{\"problem\":\"arrival-speed\",\"dist\":[1,1,1,1,4000000000000000000],\"hour\":2.7}",
         "{\"found\":false,\"evaluations\":1,\"proof\":{\"fails_at\":4000000000000000000}}"},
        {"{\"problem\":\"arrival-speed\",\"dist\":[1,3,2],\"hour\":2.7}",
         "{\"found\":true,\"answer\":3,\"evaluations\":2,\"proof\":{\"holds_at\":3,\"fails_at\":2}}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int round = 0; round < 2; round++) {
            int http;
            char *text = test_post(ROUTE, rows[i].request, &http);
            if (http != 200 || strcmp(text, rows[i].answer) != 0)
                fail_msg("%s: %s", rows[i].request, text);
            free(text);
        }
}

/* Golden numbers: the examples of the problems' statements on LeetCode: 774, 2528, 1231, 2517, 2560, 2616, 2439, 1802,
 * 878, 1201, 1539, 2040, 786, 378. */
static void examples_of_the_problems(void **state) {
    (void)state;
    static const struct {
        const char *fields, *answer;
    } rows[] = {
        {"\"gas-stations\",\"stations\":[1,2,3,4,5,6,7,8,9,10],\"k\":9", "0.5"},
        {"\"gas-stations\",\"stations\":[23,24,36,39,46,56,57,65,84,98],\"k\":1", "14.0"},
        {"\"power-stations\",\"stations\":[1,2,4,5,0],\"r\":1,\"k\":2", "5"},
        {"\"power-stations\",\"stations\":[4,4,4,4],\"r\":0,\"k\":3", "4"},
        {"\"sweetness\",\"sweetness\":[1,2,3,4,5,6,7,8,9],\"k\":5", "6"},
        {"\"sweetness\",\"sweetness\":[5,6,7,8,9,1,2,3,4],\"k\":8", "1"},
        {"\"sweetness\",\"sweetness\":[1,2,2,1,2,2,1,2,2],\"k\":2", "5"},
        {"\"tastiness\",\"price\":[13,5,1,8,21,2],\"k\":3", "8"},
        {"\"tastiness\",\"price\":[1,3,1],\"k\":2", "2"},
        {"\"house-robber\",\"nums\":[2,3,5,9],\"k\":2", "5"},
        {"\"house-robber\",\"nums\":[2,7,9,3,1],\"k\":2", "2"},
        {"\"disjoint-pairs\",\"nums\":[10,1,2,7,1,3],\"p\":2", "1"},
        {"\"disjoint-pairs\",\"nums\":[4,2,1,2],\"p\":1", "0"},
        {"\"array-maximum\",\"nums\":[3,7,1,6]", "5"},
        {"\"array-maximum\",\"nums\":[10,1]", "10"},
        {"\"value-at-index\",\"n\":4,\"index\":2,\"max_sum\":6", "2"},
        {"\"value-at-index\",\"n\":6,\"index\":1,\"max_sum\":10", "3"},
        {"\"ugly-number\",\"n\":1,\"divisors\":[2,3]", "2"},
        {"\"ugly-number\",\"n\":4,\"divisors\":[2,3]", "6"},
        {"\"ugly-number\",\"n\":3,\"divisors\":[2,3,5]", "4"},
        {"\"ugly-number\",\"n\":5,\"divisors\":[2,11,13]", "10"},
        {"\"ugly-number\",\"n\":1000000000,\"divisors\":[2,217983653,336916467]", "1999999984"},
        {"\"kth-missing\",\"arr\":[2,3,4,7,11],\"k\":5", "9"},
        {"\"kth-missing\",\"arr\":[1,2,3,4],\"k\":2", "6"},
        {"\"kth-product\",\"nums1\":[2,5],\"nums2\":[3,4],\"k\":2", "8"},
        {"\"kth-product\",\"nums1\":[-4,-2,0,3],\"nums2\":[2,4],\"k\":6", "0"},
        {"\"kth-product\",\"nums1\":[-2,-1,0,1,2],\"nums2\":[-3,-1,2,4,5],\"k\":3", "-6"},
        {"\"kth-fraction\",\"arr\":[1,2,3,5],\"k\":3", "\"2/5\""},
        {"\"kth-fraction\",\"arr\":[1,7],\"k\":1", "\"1/7\""},
        {"\"kth-in-matrix\",\"matrix\":[[1,5,9],[10,11,13],[12,13,15]],\"k\":8", "13"},
        {"\"kth-in-matrix\",\"matrix\":[[-5]],\"k\":1", "-5"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char body[256], want[64];
        snprintf(body, sizeof body, "{\"problem\":%s}", rows[i].fields);
        snprintf(want, sizeof want, "{\"found\":true,\"answer\":%s,", rows[i].answer);
        int http;
        char *text = test_post(ROUTE, body, &http);
        if (http != 200 || strncmp(text, want, strlen(want)) != 0)
            fail_msg("%s: %s", body, text);
        free(text);
    }
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *request, *pointer, *words;
        int http;
    } rows[] = {
        {"{\"problem\":\"split-array\",\"nums\":[7]}", "\"/k\"", "wants k", 422},
        {"{\"problem\":\"split-array\",\"k\":1}", "\"/nums\"", "wants nums", 422},
        {"{\"problem\":\"split-array\",\"nums\":[7],\"k\":1,\"m\":1}", "\"/m\"", "has no m", 422},
        {"{\"problem\":\"split-array\",\"nums\":[7],\"k\":1,\"piles\":[1]}", "\"/piles\"", "has no piles", 422},
        {"{\"problem\":\"split-array\",\"nums\":[7],\"k\":1,\"hour\":1}", "\"/hour\"", "has no hour", 422},
        {"{\"problem\":\"split-array\",\"nums\":[-1],\"k\":1}", "\"/nums/0\"", "", 422},
        {"{\"problem\":\"split-array\",\"nums\":[4000000000000000001],\"k\":1}", "\"/nums/0\"", "", 422},
        {"{\"problem\":\"split-array\",\"nums\":[],\"k\":1}", "\"/nums\"", "", 422},
        {"{\"problem\":\"split-array\",\"nums\":[0.5],\"k\":1}", "\"/nums/0\"", "", 422},
        {"{\"problem\":\"split-array\",\"nums\":[1],\"k\":0}", "\"/k\"", "at least 1", 422},
        {"{\"problem\":\"tastiness\",\"price\":[1,2],\"k\":1}", "\"/k\"", "at least 2", 422},
        {"{\"problem\":\"gas-stations\",\"stations\":[1],\"k\":1}", "\"/stations\"", "at least 2", 422},
        {"{\"problem\":\"value-at-index\",\"n\":4,\"index\":4,\"max_sum\":6}", "\"/index\"", "want 0 to 3", 422},
        {"{\"problem\":\"ugly-number\",\"n\":0,\"divisors\":[2]}", "\"/n\"", "at least 1", 422},
        {"{\"problem\":\"ugly-number\",\"n\":1,\"divisors\":[0]}", "\"/divisors/0\"", "", 422},
        {"{\"problem\":\"ugly-number\",\"n\":1,\"divisors\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}",
         "\"/divisors\"", "at most 16", 413},
        {"{\"problem\":\"kth-product\",\"nums1\":[1],\"k\":1}", "\"/nums2\"", "wants nums2", 422},
        {"{\"problem\":\"kth-product\",\"nums1\":[4000000000000000000],\"nums2\":[-3],\"k\":1}", "", "below -2^63",
         413},
        {"{\"problem\":\"kth-in-matrix\",\"matrix\":[[1,2],[3,2]],\"k\":1}", "\"/matrix/1/1\"", "stands before", 422},
        {"{\"problem\":\"kth-in-matrix\",\"matrix\":[[1,2],[0,3]],\"k\":1}", "\"/matrix/1/0\"", "stands above", 422},
        {"{\"problem\":\"kth-in-matrix\",\"matrix\":[1,2],\"k\":1}", "\"/matrix\"", "", 422},
        {"{\"problem\":\"magnetic-force\",\"position\":[1],\"m\":2}", "\"/position\"", "at least 2", 422},
        {"{\"problem\":\"magnetic-force\",\"position\":[1,2],\"m\":1}", "\"/m\"", "at least 2", 422},
        {"{\"problem\":\"computers\",\"batteries\":[1,2],\"n\":0}", "\"/n\"", "at least 1", 422},
        {"{\"problem\":\"arrival-speed\",\"dist\":[1],\"hour\":0.33333333333}", "\"/hour\"", "nine places", 422},
        {"{\"problem\":\"separate-squares\",\"squares\":[[1,2,0]]}", "\"/squares/0/2\"", "want 1 to", 422},
        {"{\"problem\":\"separate-squares\",\"squares\":[[1,1000000001,1]]}", "\"/squares/0/1\"", "1000000000", 422},
        {"{\"problem\":\"separate-squares\",\"squares\":[[1,2],[3,4]]}", "\"/squares\"", "x, y and side", 422},
        {"{\"problem\":\"multiplication-table\",\"m\":10000001,\"n\":10000001,\"k\":1}", "\"/m\"", "at most", 413},
        {"{\"problem\":\"ship-capacity\",\"weights\":[4000000000000000000,4000000000000000000,4000000000000000000],"
         "\"days\":1}",
         "", "past 2^63", 413},
        {"{\"problem\":\"traveling-salesman\"}", "\"/problem\"", "ship-capacity", 422},
        {"{}", "\"/problem\"", "", 422},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int http;
        char *text = test_post(ROUTE, rows[i].request, &http);
        if (http != rows[i].http || !strstr(text, rows[i].pointer) || !strstr(text, rows[i].words))
            fail_msg("%s: %s", rows[i].request, text);
        free(text);
    }
}

/* How public problems and their fields are called here; a field without another name goes by its own. */
static const struct {
    const char *theirs, *ours;
} PROBLEMS[] =
    {
        {"Capacity To Ship Packages Within D Days", "ship-capacity"},
        {"Minimum Number of Days to Make m Bouquets", "bouquets"},
        {"Magnetic Force Between Two Balls", "magnetic-force"},
        {"Find the Smallest Divisor Given a Threshold", "smallest-divisor"},
        {"Minimum Speed to Arrive on Time", "arrival-speed"},
        {"Minimized Maximum of Products Distributed to Any Store", "minimized-maximum-products"},
        {"First Bad Version", "first-bad-version"},
        {"H-Index II", "h-index"},
        {"maximize-score-of-numbers-in-ranges", "score-of-ranges"},
        {"minimum-number-of-seconds-to-make-mountain-height-zero", "mountain-height"},
        {"maximize-the-minimum-game-score", "game-score"},
        {"separate-squares-i", "separate-squares"},
},
  FIELDS[] = {{"bloomDay", "bloom_day"}, {"mountainHeight", "mountain_height"}, {"workerTimes", "worker_times"}};

static json_t *our_request(const char *problem, json_t *input) {
    json_t *request = json_pack("{s:s}", "problem", problem), *value;
    const char *key;
    json_object_foreach(input, key, value) {
        const char *name = key;
        for (size_t f = 0; f < COUNT(FIELDS); f++)
            if (strcmp(key, FIELDS[f].theirs) == 0)
                name = FIELDS[f].ours;
        json_object_set(request, name, value);
    }
    return request;
}

static void check_record(json_t *record, size_t *tried) {
    for (size_t p = 0; p < COUNT(PROBLEMS); p++) {
        if (strcmp(json_string_value(json_object_get(record, "problem")), PROBLEMS[p].theirs) != 0)
            continue;
        json_t *input = json_deep_copy(json_object_get(record, "input"));
        json_t *request = our_request(PROBLEMS[p].ours, input);
        char *body = json_dumps(request, JSON_COMPACT);
        int http;
        char *text = test_post(ROUTE, body, &http);
        json_t *answer = json_loads(text, 0, NULL), *expected = json_object_get(record, "expected");
        double got = json_number_value(json_object_get(answer, "answer")), want = json_number_value(expected);
        bool none = want < 0 && !json_is_true(json_object_get(answer, "found"));
        if (http != 200 || (!none && !(fabs(got - want) <= (json_is_integer(expected) ? 0 : 1e-9))))
            fail_msg("%s: %s", json_string_value(json_object_get(record, "id")), text);
        json_decref(answer);
        json_decref(request);
        json_decref(input);
        free(body);
        free(text);
        ++*tried;
    }
}

static void public_cases(void **state) {
    (void)state;
    static const char *const FILES[] = {"cases/arrays/leetcode_examples.jsonl",
                                        "cases/arrays/leetcodedataset_v031.jsonl"};
    size_t tried = 0;
    for (size_t f = 0; f < COUNT(FILES); f++) {
        const char *path = shared_path(FILES[f]);
        if (!path)
            skip();
        char *text = read_file(path, NULL);
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
            json_t *record = json_loads(line, 0, NULL);
            check_record(record, &tried);
            json_decref(record);
        }
        free(text);
    }
    assert_in_range(tried, 50, 1000);
}

static uint64_t cost_of(const char *body) {
    struct call call;
    call_init(&call, test_endpoint("POST", ROUTE), &test_host);
    call.request = (struct request){.body = body, .n = strlen(body)};
    assert_int_equal(call_decode(&call), STATUS_OK);
    uint64_t cost = call_cost(&call);
    call_release(&call);
    return cost;
}

/* A request without its fields has a cost too: it is asked for before run() refuses. */
static void cost_grows_with_the_work(void **state) {
    (void)state;
    uint64_t small = cost_of("{\"problem\":\"split-array\",\"nums\":[1],\"k\":1}");
    assert_true(cost_of("{\"problem\":\"split-array\",\"nums\":[1,2,3,4,5,6,7,8,9],\"k\":1}") > small);
    assert_true(cost_of("{\"problem\":\"multiplication-table\",\"m\":10000000,\"n\":10000000,\"k\":1}") > 1000000000);
    assert_true(cost_of("{\"problem\":\"multiplication-table\"}") > 0);
    assert_true(cost_of("{\"problem\":\"separate-squares\"}") > 0);
    assert_true(cost_of("{\"problem\":\"kth-in-matrix\"}") > 0);
    assert_true(cost_of("{\"problem\":\"ugly-number\",\"divisors\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}") >
                cost_of("{\"problem\":\"ugly-number\",\"divisors\":[1,1]}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),      cmocka_unit_test(examples_of_the_problems), cmocka_unit_test(refusals),
        cmocka_unit_test(public_cases), cmocka_unit_test(cost_grows_with_the_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
