/* What every descriptor promises, tested on all of them: the example gives the answer, each field refuses what its
 * limits exclude, the canonical request is its own canonical form, the answer has the members that are described, and
 * the documents made from descriptors are current. */
#include <ctype.h>
#include <jansson.h>
#include <math.h>

#include "handlers/call.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

/* A field of a request and the way to it, in the JSON tree of the endpoint's example. */
struct site {
    const struct endpoint *endpoint;
    json_t *root;   /* the whole request; changed and restored */
    json_t *parent; /* the object that holds the member */
    const struct field *field;
    char pointer[256];
};

static char *send_tree(const struct site *site, int *http) {
    char *body = json_dumps(site->root, JSON_COMPACT | JSON_REAL_PRECISION(17) | JSON_ENCODE_ANY);
    char *text = test_call(site->endpoint, NULL, NULL, body, strlen(body), http);
    free(body);
    return text;
}

/* expect_refusal puts `value` (stolen; NULL: removes the member) in the field's place and wants a 422 that points
 * there. */
static void expect_refusal(const struct site *site, const char *what, json_t *value) {
    json_t *kept = json_incref(json_object_get(site->parent, site->field->name));
    if (value)
        json_object_set_new(site->parent, site->field->name, value);
    else
        json_object_del(site->parent, site->field->name);
    int http;
    char *text = send_tree(site, &http), *pointer;
    json_t *answer = json_loads(text, 0, NULL);
    const char *given =
        json_string_value(json_object_get(json_array_get(json_object_get(answer, "errors"), 0), "pointer"));
    pointer = strdup(given ? given : "(none)");
    if (http != 422 || strncmp(pointer, site->pointer, strlen(site->pointer)) != 0)
        fail_msg("%s %s: %s: want 422 at %s, got %d: %s", site->endpoint->route, site->pointer, what, site->pointer,
                 http, text);
    free(pointer);
    json_decref(answer);
    free(text);
    if (kept)
        json_object_set_new(site->parent, site->field->name, kept);
    else
        json_object_del(site->parent, site->field->name);
}

static json_t *array_of(json_t *element, unsigned dims) {
    json_t *a = json_pack("[o]", element);
    while (--dims)
        a = json_pack("[o]", a);
    return a;
}

static void refuse_beyond_limits(const struct site *site) {
    const struct field *f = site->field;
    unsigned dims = f->min_dims ? f->min_dims : 1;
    bool ints = f->type == FIELD_INT || (f->type == FIELD_ARRAY && f->kinds == KIND_INT);
    bool reals = f->type == FIELD_NUMBER || (f->type == FIELD_ARRAY && f->kinds == KIND_REAL);
    json_t *below = NULL, *above = NULL;
    if (ints && f->limited) {
        below = f->min_int > INT64_MIN ? json_integer(f->min_int - 1) : NULL;
        above = f->max_int < INT64_MAX ? json_integer(f->max_int + 1) : NULL;
    } else if (reals && f->limited) {
        below = json_real(f->above_min ? f->min : nextafter(f->min, -INFINITY));
        above = f->max < 1e307 ? json_real(nextafter(f->max, INFINITY)) : NULL;
    }
    bool array = f->type == FIELD_ARRAY;
    if (below)
        expect_refusal(site, "below the least", array ? array_of(below, dims) : below);
    if (above)
        expect_refusal(site, "above the greatest", array ? array_of(above, dims) : above);
}

static void refuse_wrong_types(const struct site *site) {
    const struct field *f = site->field;
    bool nested = f->type == FIELD_OBJECT || f->type == FIELD_UNION || f->type == FIELD_JSON;
    expect_refusal(site, "null", json_null());
    expect_refusal(site, "wrong type", nested ? json_integer(7) : json_pack("{s:i}", "wrong", 1));
    if (f->type != FIELD_BOOL)
        expect_refusal(site, "a boolean", json_true());
    if (f->type == FIELD_ENUM)
        expect_refusal(site, "an unknown name", json_string("no-such-name"));
    if (f->type == FIELD_INT)
        expect_refusal(site, "a fraction", json_real(0.5));
    if (f->type == FIELD_ARRAY) {
        expect_refusal(site, "an array of null", json_pack("[n]"));
        expect_refusal(site, "too deep", json_pack("[[[[i]]]]", 1));
        if (f->min_items)
            expect_refusal(site, "an empty array", json_array());
    }
    if (f->type == FIELD_STRING && f->max_items && f->max_items < 100000) {
        char *longer = malloc(f->max_items + 2);
        memset(longer, 'x', f->max_items + 1);
        longer[f->max_items + 1] = '\0';
        expect_refusal(site, "too long", json_string(longer));
        free(longer);
    }
}

static void check_fields(const struct site *at, json_t *object, const struct field *fields);

static void check_nested(const struct site *site) {
    const struct field *f = site->field;
    json_t *value = json_object_get(site->parent, f->name);
    struct site below = *site;
    if (f->type == FIELD_OBJECT) {
        json_t *kept = json_incref(value ? value : json_null());
        json_t *object = value ? json_incref(value) : json_object();
        json_object_set(site->parent, f->name, object);
        check_fields(&below, object, f->fields);
        if (json_is_null(kept))
            json_object_del(site->parent, f->name);
        json_decref(kept);
        json_decref(object);
    } else if (f->type == FIELD_UNION && value) {
        for (const struct variant *v = f->variants; v->name; v++)
            if (strcmp(v->name, json_string_value(json_object_get(value, "type"))) == 0)
                check_fields(&below, value, v->fields);
    } else if (f->type == FIELD_LIST && json_array_size(value)) {
        strcat(below.pointer, "/0");
        check_fields(&below, json_array_get(value, 0), f->fields);
    }
}

/* check_fields tries every field of an object whose JSON Pointer is at->pointer. */
static void check_fields(const struct site *at, json_t *object, const struct field *fields) {
    struct field unknown = {.name = "no_such_field"};
    struct site site = *at;
    site.parent = object;
    site.field = &unknown;
    snprintf(site.pointer, sizeof site.pointer, "%.200s/%s", at->pointer, unknown.name);
    expect_refusal(&site, "an unknown field", json_integer(1));
    for (const struct field *f = fields; f->name; f++) {
        site.field = f;
        snprintf(site.pointer, sizeof site.pointer, "%.200s/%s", at->pointer, f->name);
        if (f->required)
            expect_refusal(&site, "missing", NULL);
        refuse_wrong_types(&site);
        refuse_beyond_limits(&site);
        check_nested(&site);
    }
}

static void each_field_refuses_what_its_limits_exclude(void **state) {
    (void)state;
    for (const struct endpoint *const *e = endpoints; *e; e++) {
        if (!(*e)->input)
            continue;
        struct site site = {.endpoint = *e, .root = json_loads((*e)->example, 0, NULL)};
        assert_non_null(site.root);
        check_fields(&site, site.root, (*e)->input);
        json_decref(site.root);
    }
}

static bool is_excerpt(json_t *part, json_t *whole);

static bool is_among(json_t *part, json_t *array) {
    json_t *element;
    size_t i;
    json_array_foreach(array, i, element) if (is_excerpt(part, element)) return true;
    return false;
}

/* is_excerpt says whether all that `part` holds is in `whole`: members by name, elements anywhere. */
static bool is_excerpt(json_t *part, json_t *whole) {
    const char *name;
    json_t *value;
    size_t i;
    if (json_is_object(part))
        json_object_foreach(part, name, value) {
            if (!is_excerpt(value, json_object_get(whole, name)))
                return false;
        }
    else if (json_is_array(part))
        json_array_foreach(part, i, value) {
            if (!is_among(value, whole))
                return false;
        }
    else
        return json_equal(part, whole);
    return true;
}

/* What is never cached may be long, and its example an excerpt. */
static void expect_excerpt(const char *text, const char *example) {
    json_t *whole = json_loads(text, 0, NULL), *part = json_loads(example, 0, NULL);
    if (!whole || !part || !is_excerpt(part, whole))
        assert_string_equal(text, example);
    json_decref(whole);
    json_decref(part);
}

/* A rule and an object of the endpoint's example that keeps it. */
struct ruled {
    const struct endpoint *endpoint;
    json_t *root, *object;
    const struct field *fields;
    const struct rule *rule;
    const char *pointer; /* of the object */
};

/* sends the request with object's members changed so that only those of the rule with a bit in `given` are there, and
 * says whether it is refused for the rule at one of them. (A member that is added is null, which is wrong as well.) */
static bool breaks_rule(const struct ruled *r, unsigned given) {
    json_t *kept = json_copy(r->object);
    for (unsigned i = 0; r->rule->names[i]; i++)
        if (!(given >> i & 1))
            json_object_del(r->object, r->rule->names[i]);
        else if (!json_object_get(r->object, r->rule->names[i]))
            json_object_set_new(r->object, r->rule->names[i], json_null());
    int http;
    char *text = send_tree(&(struct site){.endpoint = r->endpoint, .root = r->root}, &http);
    json_object_clear(r->object);
    json_object_update(r->object, kept);
    json_decref(kept);
    json_t *answer = json_loads(text, 0, NULL), *error;
    bool broken = false;
    size_t k;
    json_array_foreach(json_object_get(answer, "errors"), k, error) {
        const char *pointer = json_string_value(json_object_get(error, "pointer"));
        const char *detail = json_string_value(json_object_get(error, "detail"));
        for (unsigned i = 0; r->rule->names[i]; i++) {
            char at[256];
            snprintf(at, sizeof at, "%s/%s", r->pointer, r->rule->names[i]);
            broken |= strcmp(pointer, at) == 0 &&
                      (strstr(detail, "; want exactly one of") || strstr(detail, "; want at most one of") ||
                       strstr(detail, "; want all of") || strstr(detail, "; want it beside"));
        }
    }
    if (broken && http != 422)
        fail_msg("%s: want 422, got %d: %s", r->endpoint->route, http, text);
    json_decref(answer);
    free(text);
    return broken;
}

static const struct field *field_of(const struct field *fields, const char *name) {
    while (fields->name && strcmp(fields->name, name) != 0)
        fields++;
    return fields->name ? fields : NULL;
}

/* Every choice of a rule's members is tried. */
static void check_rule(struct ruled *r) {
    unsigned n = 0;
    for (; r->rule->names[n]; n++) {
        const struct field *f = field_of(r->fields, r->rule->names[n]);
        if (!f || f->required || (f->def && !f->present))
            fail_msg("%s: %s cannot be in a rule", r->endpoint->route, r->rule->names[n]);
    }
    assert_in_range(n, 2, RULE_MAX_NAMES);
    for (unsigned given = 0; given < 1u << n; given++) {
        int count = __builtin_popcount(given);
        bool want = false;
        switch (r->rule->kind) {
        case RULE_EXACTLY_ONE: want = count != 1; break;
        case RULE_AT_MOST_ONE: want = count > 1; break;
        case RULE_TOGETHER: want = count > 0 && (unsigned)count < n; break;
        case RULE_REQUIRES: want = given == 1; break;
        case RULE_END: break;
        }
        /* other rules may be broken at the same members */
        if (want && !breaks_rule(r, given))
            fail_msg("%s: %s...: %x of the members are taken", r->endpoint->route, r->rule->names[0], given);
    }
}

static void each_rule_refuses_what_it_excludes(void **state) {
    (void)state;
    size_t n = 0;
    for (const struct endpoint *const *e = endpoints; *e; e++) {
        if (!(*e)->input)
            continue;
        json_t *root = json_loads((*e)->example, 0, NULL);
        for (const struct rule *rule = (*e)->rules; rule && rule->kind; rule++, n++)
            check_rule(&(struct ruled){*e, root, root, (*e)->input, rule, ""});
        for (const struct field *f = (*e)->input; f->name; f++) {
            json_t *value = json_object_get(root, f->name);
            for (const struct variant *v = f->type == FIELD_UNION && value ? f->variants : NULL; v && v->name; v++) {
                char pointer[64];
                snprintf(pointer, sizeof pointer, "/%s", f->name);
                json_object_set_new(value, "type", json_string(v->name));
                for (const struct rule *rule = v->rules; rule && rule->kind; rule++, n++)
                    check_rule(&(struct ruled){*e, root, value, v->fields, rule, pointer});
            }
        }
        json_decref(root);
    }
    assert_in_range(n, 2, 1000);
}

static void each_example_gives_its_answer_byte_for_byte(void **state) {
    (void)state;
    size_t n = 0;
    for (const struct endpoint *const *e = endpoints; *e; e++) {
        if (!(*e)->answer || (*e)->live)
            continue;
        n++;
        const char *body = (*e)->example ? (*e)->example : "";
        for (int round = 0; round < 2; round++) {
            int http;
            char *text = (*e)->target ? test_ask((*e)->method, (*e)->target, &http)
                                      : test_call(*e, NULL, NULL, body, strlen(body), &http);
            if ((*e)->cache == CACHE_NEVER)
                expect_excerpt(text, (*e)->answer);
            else
                assert_string_equal(text, (*e)->answer);
            assert_int_equal(http, 200);
            free(text);
        }
    }
    assert_in_range(n, 2, 1000);
}

/* Whoever solves what costs something can be told when to give up; the limit is no part of what was asked. */
static void each_solver_takes_a_time_limit(void **state) {
    (void)state;
    for (const struct endpoint *const *e = endpoints; *e; e++) {
        if (strncmp((*e)->route, "/v1/solve/", 10) != 0 || !(*e)->cost)
            continue;
        json_t *request = json_loads((*e)->example, 0, NULL);
        json_object_set_new(request, "time_limit_ms", json_integer(7));
        char *body = json_dumps(request, JSON_COMPACT);
        struct call call;
        struct buf out;
        buf_init(&out, 1 << 20);
        call_init(&call, *e, &test_host);
        call.request = (struct request){.body = body, .n = strlen(body)};
        if (call_decode(&call) != STATUS_OK)
            fail_msg("%s: %s", (*e)->route, call.errors[0].detail);
        assert_int_equal(call.time_limit_ms, 7);
        assert_true(call_canonical(&call, &out));
        buf_byte(&out, '\0');
        assert_null(strstr(out.data, "time_limit_ms"));
        call_release(&call);
        buf_release(&out);
        free(body);
        json_decref(request);
    }
}

static char *canonical(const struct endpoint *e, const char *body) {
    struct call call;
    struct buf out;
    buf_init(&out, SIZE_MAX / 2);
    call_init(&call, e, &test_host);
    call.request = (struct request){.body = body, .n = strlen(body)};
    assert_int_equal(call_decode(&call), STATUS_OK);
    assert_true(call_canonical(&call, &out));
    call_release(&call);
    buf_byte(&out, '\0');
    return out.data;
}

static void canonical_requests_are_their_own_canonical_form(void **state) {
    (void)state;
    for (const struct endpoint *const *e = endpoints; *e; e++) {
        if (!(*e)->input)
            continue;
        char *once = canonical(*e, (*e)->example), *twice = canonical(*e, once);
        assert_string_equal(twice, once);
        free(twice);
        free(once);
    }
}

/* The answer has every member that is always there, and none that is not described. */
static void each_answer_is_as_described(void **state) {
    (void)state;
    for (const struct endpoint *const *e = endpoints; *e; e++) {
        if (!(*e)->output)
            continue;
        json_t *answer = json_loads((*e)->answer, 0, NULL);
        size_t described = 0;
        for (const struct field *f = (*e)->output; f->name; f++) {
            bool there = json_object_get(answer, f->name) != NULL;
            described += there;
            if (f->required && !there)
                fail_msg("%s: the answer has no %s", (*e)->route, f->name);
        }
        assert_int_equal(described, json_object_size(answer));
        json_decref(answer);
    }
}

/* The parameters of the route are those of `path`, in their order, and there is an example. */
static void check_parameters(const struct endpoint *e) {
    const struct field *f = e->path;
    for (const char *at = e->route; (at = strchr(at, '{')); at++, f++) {
        assert_true(f && f->name && f->type == FIELD_STRING && f->required && f->max_items > 0);
        assert_true(strncmp(at + 1, f->name, strlen(f->name)) == 0 && at[1 + strlen(f->name)] == '}');
    }
    assert_true(!f || !f->name);
    assert_true(!e->query || !e->input);
    assert_int_equal(e->target != NULL, (e->path || e->query) && !e->input);
    assert_true(!e->target || e->answer);
}

static void each_descriptor_is_complete(void **state) {
    (void)state;
    for (const struct endpoint *const *e = endpoints; *e; e++) {
        assert_non_null((*e)->method);
        assert_int_equal((*e)->route[0], '/');
        assert_in_range((*e)->version, 1, 1000);
        assert_non_null((*e)->title);
        assert_non_null((*e)->doc);
        assert_true((*e)->run || (*e)->write);
        if ((*e)->input) {
            assert_non_null((*e)->example);
            assert_non_null((*e)->answer);
        }
        check_parameters(*e);
        const char *lines = (*e)->ndjson_output;
        for (const struct field *f = (*e)->output; endpoint_has_lines(*e) && f->name; f++) {
            assert_string_not_equal(f->name, "done");
            assert_true(!lines || strcmp(f->name, lines) != 0 || f->type == FIELD_ARRAY || f->type == FIELD_LIST ||
                        f->type == FIELD_ROWS);
        }
        assert_true(!(*e)->stream || lines);
        char allow[64];
        const char *target = (*e)->target ? (*e)->target : (*e)->route;
        char path[256];
        snprintf(path, sizeof path, "%.*s", (int)strcspn(target, "?"), target);
        assert_ptr_equal(endpoint_find((*e)->method, path, allow), *e);
        assert_null(endpoint_find("PATCH", path, allow));
        assert_non_null(strstr(allow, (*e)->method));
    }
    char allow[64];
    assert_null(endpoint_find("GET", "/nothing", allow));
    assert_string_equal(allow, "");
}

static const char *small_letters(const char *text, char to[16]) {
    snprintf(to, 16, "%s", text);
    for (char *c = to; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return to;
}

static void check_listed(json_t *parameters, const struct field *fields, const char *in) {
    for (const struct field *f = fields; f && f->name; f++) {
        json_t *want = json_pack("{s:s,s:s,s:b}", "name", f->name, "in", in, "required", f->required);
        assert_true(is_among(want, parameters));
        json_decref(want);
    }
}

static void openapi_describes_every_endpoint(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, 1 << 24);
    openapi_write(&out);
    json_error_t error;
    json_t *api = json_loadb(out.data, out.n, JSON_REJECT_DUPLICATES, &error);
    if (!api)
        fail_msg("openapi.json: %s at %d: %.60s", error.text, error.position,
                 out.data + (error.position > 60 ? error.position - 60 : 0));
    assert_string_equal(json_string_value(json_object_get(api, "openapi")), "3.1.0");
    json_t *paths = json_object_get(api, "paths");
    for (const struct endpoint *const *e = endpoints; *e; e++) {
        char method[16];
        json_t *operation = json_object_get(json_object_get(paths, (*e)->route), small_letters((*e)->method, method));
        assert_non_null(operation);
        assert_non_null(json_object_get(operation, "operationId"));
        assert_non_null(json_object_get(json_object_get(operation, "responses"), "200"));
        check_listed(json_object_get(operation, "parameters"), (*e)->path, "path");
        check_listed(json_object_get(operation, "parameters"), (*e)->query, "query");
        if ((*e)->input) {
            json_t *schema = json_object_get(
                json_object_get(json_object_get(json_object_get(json_object_get(operation, "requestBody"), "content"),
                                                "application/json"),
                                "schema"),
                "properties");
            for (const struct field *f = (*e)->input; f->name; f++)
                assert_non_null(json_object_get(schema, f->name));
        }
    }
    json_decref(api);
    buf_release(&out);
}

static void api_page_is_current(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, 1 << 24);
    api_markdown_write(&out);
    buf_byte(&out, '\0');
    char *page = read_file("docs/api.md", NULL);
    if (!page || strcmp(page, out.data) != 0)
        fail_msg("docs/api.md is not what the descriptors say; run `make docs`");
    free(page);
    buf_release(&out);
}

static void each_allocation_of_each_example_may_fail(void **state) {
    (void)state;
    for (const struct endpoint *const *e = endpoints; *e; e++) {
        if (!(*e)->input)
            continue;
        enum status status = STATUS_NO_MEMORY;
        for (size_t fail_after = 0; status != STATUS_OK; fail_after++) {
            struct call call;
            call_init(&call, *e, &test_host);
            call.ctx.fail_after = fail_after;
            call.request = (struct request){.body = (*e)->example, .n = strlen((*e)->example)};
            status = call_decode(&call);
            if (status == STATUS_OK)
                status = call_run(&call);
            if (status != STATUS_OK) {
                assert_int_equal(status, STATUS_NO_MEMORY);
                assert_int_not_equal(call.errors[0].detail[0], '\0');
            }
            call_release(&call);
            assert_in_range(fail_after, 0, 10000);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_descriptor_is_complete),
        cmocka_unit_test(each_example_gives_its_answer_byte_for_byte),
        cmocka_unit_test(each_solver_takes_a_time_limit),
        cmocka_unit_test(each_answer_is_as_described),
        cmocka_unit_test(canonical_requests_are_their_own_canonical_form),
        cmocka_unit_test(each_field_refuses_what_its_limits_exclude),
        cmocka_unit_test(each_rule_refuses_what_it_excludes),
        cmocka_unit_test(each_allocation_of_each_example_may_fail),
        cmocka_unit_test(openapi_describes_every_endpoint),
        cmocka_unit_test(api_page_is_current),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
