#include <stdio.h>

#include <string.h>

#include "handlers/call.h"
#include "handlers/decoder.h"

static const char PREAMBLE[] = "# Solvent's API\n\n"
                               "This page is made from the endpoint descriptors (`make docs`); a test keeps it "
                               "current. The same as OpenAPI 3.1: `GET /openapi.json`.\n\n"
                               "Requests are flat JSON objects; a field that is not listed is refused. Errors are RFC "
                               "9457 problem documents whose `errors[].pointer` names the\n"
                               "field. The same request gives the same bytes.\n\n";

static const char *kinds_text(unsigned kinds) {
    switch (kinds) {
    case KIND_INT: return "integer";
    case KIND_REAL:
    case KIND_INT | KIND_REAL: return "number";
    case KIND_STRING: return "string";
    case KIND_STRING | KIND_INT: return "integer or string";
    default: return "number or string";
    }
}

/* array_text tells depth and widths: "array of arrays of 3 arrays of 2 numbers", "array of numbers, 1 to 2 levels". */
static void array_text(struct buf *out, const struct field *f) {
    unsigned least = f->min_dims ? f->min_dims : 1, most = f->max_dims ? f->max_dims : 1;
    if (f->scalar)
        buf_printf(out, "%s, or ", kinds_text(f->kinds));
    buf_text(out, "array of ");
    for (unsigned below = least - 1; below > 0 && f->columns && least == most; below--) {
        unsigned width = below == 1 ? f->rows : 0;
        if (width)
            buf_printf(out, "%u ", width);
        buf_text(out, "arrays of ");
    }
    if (f->columns && least == most)
        buf_printf(out, "%u ", f->columns);
    buf_text(out, decoder_kinds_text(f->kinds));
    if (least < most && f->columns)
        buf_printf(out, ", %u to %u levels, %u in each innermost one", least, most, f->columns);
    else if (least < most)
        buf_printf(out, ", %u to %u levels", least, most);
    else if (most > 1 && !f->columns)
        buf_printf(out, ", %u levels", most);
}

static void type_text(struct buf *out, const struct field *f) {
    switch (f->type) {
    case FIELD_INT: buf_text(out, "integer"); break;
    case FIELD_NUMBER: buf_text(out, "number"); break;
    case FIELD_BOOL: buf_text(out, "boolean"); break;
    case FIELD_STRING: buf_text(out, "string"); break;
    case FIELD_VALUE: buf_text(out, kinds_text(f->kinds)); break;
    case FIELD_ARRAY: array_text(out, f); break;
    case FIELD_ROWS: buf_text(out, "array of arrays of integers"); break;
    case FIELD_JSON:
    case FIELD_TRACE:
    case FIELD_OBJECT: buf_text(out, "object"); break;
    case FIELD_LIST:
        buf_text(out, "array of objects");
        if (f->bare)
            buf_printf(out, ", or of their `%s` alone", f->fields->name);
        break;
    case FIELD_UNION:
        buf_text(out, f->role == ROLE_MODEL ? "object by its `type`, or a name" : "object by its `type`");
        break;
    case FIELD_ENUM:
        for (size_t i = 0; f->names[i]; i++)
            buf_printf(out, "%s`%s`", i ? ", " : "", f->names[i]);
        break;
    }
}

static void limits_text(struct buf *out, const struct field *f) {
    bool ints = f->type == FIELD_INT || ((f->type == FIELD_ARRAY || f->type == FIELD_VALUE) && f->kinds == KIND_INT);
    if (f->limited && ints) {
        buf_printf(out, " At least %lld", (long long)f->min_int);
        buf_printf(out, f->max_int < INT64_MAX ? ", at most %lld." : ".", (long long)f->max_int);
    } else if (f->limited) {
        buf_printf(out, f->above_min ? " Above %.15g" : " At least %.15g", f->min);
        if (f->max < 1e300)
            buf_printf(out, ", at most %.15g", f->max);
        buf_byte(out, '.');
    }
    if (f->max_items && (f->type == FIELD_ARRAY || f->type == FIELD_LIST))
        buf_printf(out, " %zu to %zu elements.", f->min_items, f->max_items);
}

static void table_rows(struct buf *out, const struct field *fields, const char *prefix);

static void nested_rows(struct buf *out, const struct field *f, const char *prefix) {
    char below[160];
    if (f->type == FIELD_OBJECT || f->type == FIELD_LIST) {
        snprintf(below, sizeof below, "%s%s%s.", prefix, f->name, f->type == FIELD_LIST ? "[]" : "");
        table_rows(out, f->fields, below);
    } else if (f->type == FIELD_UNION) {
        for (const struct variant *v = f->variants; v->name; v++) {
            buf_printf(out, "| `%s%s.type` | `%s` | | %s%s", prefix, f->name, v->name, v->doc, v->rules ? " " : "");
            rules_sentences(v->rules, out);
            buf_text(out, " |\n");
            snprintf(below, sizeof below, "%s%s(%s).", prefix, f->name, v->name);
            table_rows(out, v->fields, below);
        }
    }
}

static void table_rows(struct buf *out, const struct field *fields, const char *prefix) {
    for (const struct field *f = fields; f->name; f++) {
        buf_printf(out, "| `%s%s` | ", prefix, f->name);
        type_text(out, f);
        buf_text(out, f->required ? " | required | " : " | ");
        if (!f->required) {
            if (f->def)
                buf_printf(out, "`%s`", f->def);
            buf_text(out, " | ");
        }
        buf_text(out, f->doc);
        limits_text(out, f);
        buf_text(out, " |\n");
        nested_rows(out, f, prefix);
    }
}

/* table writes what a request may hold. */
static void table(struct buf *out, const char *of, const struct field *fields) {
    if (!fields)
        return;
    buf_printf(out, "| %s | type | default | |\n|---|---|---|---|\n", of);
    table_rows(out, fields, "");
    buf_byte(out, '\n');
}

static bool has_trace(const struct endpoint *e) {
    bool trace = false;
    for (const struct field *f = e->output; f && f->name; f++)
        trace = trace || f->type == FIELD_TRACE;
    return trace;
}

/* lines_text says what comes line by line, event by event. */
static void lines_text(struct buf *out, const struct endpoint *e) {
    if (endpoint_has_lines(e))
        buf_text(out, "With `Accept: application/x-ndjson` ");
    if (e->ndjson_output)
        buf_printf(out, "each element of `%s` is a line of JSON%s", e->ndjson_output,
                   has_trace(e) ? " (with a `trace`, each of its steps instead)" : "");
    else if (endpoint_has_lines(e))
        buf_text(out, "each step of the `trace` is a line of JSON");
    if (endpoint_has_lines(e))
        buf_printf(out, "; the last line has `\"done\":true` and all other members.%s\n\n",
                   e->stream
                       ? " Lines are sent as they are found; where something goes wrong after the first, the last "
                         "line is `{\"done\":false,\"error\":...}` with the problem."
                       : "");
    if (e->progress)
        buf_text(out, "With `Accept: text/event-stream` it tells of its `progress` in events; the last event is `done` "
                      "with the answer, or `error` with the problem.\n\n");
}

static void section(struct buf *out, const struct endpoint *e) {
    buf_printf(out, "## %s %s\n\n%s.\n\n%s\n\n", e->method, e->route, e->title, e->doc);
    if (e->source)
        buf_printf(out, "Source: %s\n\n", e->source);
    if (e->npy_input)
        buf_printf(out,
                   "`%s` may also be the body itself, as `application/x-npy`; all other fields then come in the query, "
                   "those of an object with a dot (`trace.max_steps=3`).\n\n",
                   e->npy_input);
    if (e->npy_output) {
        buf_text(out, "With `Accept: application/x-npy` the answer is ");
        for (const char *name = e->npy_output; *name;) {
            size_t n = strcspn(name, " ");
            buf_printf(out, "`%.*s`%s", (int)n, name, name[n] ? " where there is, else " : "");
            name += n + (name[n] == ' ');
        }
        buf_text(out, " alone; an array of objects is a matrix, with a column for each member.\n\n");
    }
    if (e->picture)
        buf_text(out, "With `Accept: image/png` the answer is a picture.\n\n");
    lines_text(out, e);
    if (endpoint_may_be_job(e))
        buf_text(out, e->job_only ? "It is always worked on as a job: the answer is 202, see `GET /v1/jobs/{id}`.\n\n"
                                  : "With `Prefer: respond-async` it becomes a job, see `GET /v1/jobs/{id}`.\n\n");
    table(out, "path", e->path);
    table(out, "query", e->query);
    table(out, "request", e->input);
    if (e->rules) {
        rules_sentences(e->rules, out);
        buf_text(out, "\n\n");
    }
    if (e->progress) {
        buf_text(out, "| progress | type | | |\n|---|---|---|---|\n");
        table_rows(out, e->progress, "");
        buf_byte(out, '\n');
    }
    if (e->output) {
        buf_text(out, "| answer | type | | |\n|---|---|---|---|\n");
        table_rows(out, e->output, "");
        buf_byte(out, '\n');
    }
    if (e->example && e->answer)
        buf_printf(out, "```json\n%s\n```\n\n```json\n%s\n```\n\n", e->example, e->answer);
}

void api_markdown_write(struct buf *out) {
    buf_text(out, PREAMBLE);
    for (const struct endpoint *const *e = endpoints; *e; e++)
        section(out, *e);
    while (out->n > 1 && out->data[out->n - 1] == '\n' && out->data[out->n - 2] == '\n')
        out->n--;
}
