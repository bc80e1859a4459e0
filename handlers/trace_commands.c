#include "handlers/trace_commands.h"

#include "handlers/encode.h"
#include "handlers/number.h"

/* The trace's array is shown if it has one level. */
static bool has_array(const struct trace *trace) {
    return trace->initial.kind != KIND_NONE && trace->initial.dims == 1;
}

/* begin opens a command up to its arguments; key NULL: null. */
static void begin(struct buf *out, const char *key, const char *method) {
    buf_text(out, "{\"key\":");
    if (key)
        encode_text(out, key);
    else
        buf_text(out, "null");
    buf_printf(out, ",\"method\":\"%s\",\"args\":[", method);
}

static void end(struct buf *out) { buf_text(out, "]},"); }

static void with_text(struct buf *out, const char *key, const char *method, const char *text) {
    begin(out, key, method);
    encode_text(out, text);
    end(out);
}

static void delay(struct buf *out) {
    begin(out, NULL, "delay");
    end(out);
}

static void set_scene(struct buf *out, const struct trace *trace) {
    bool array = has_array(trace);
    if (array)
        with_text(out, "array", "Array1DTracer", "Values");
    with_text(out, "log", "LogTracer", "Steps");
    begin(out, "layout", "VerticalLayout");
    buf_text(out, array ? "[\"array\",\"log\"]" : "[\"log\"]");
    end(out);
    with_text(out, NULL, "setRoot", "layout");
    if (array) {
        begin(out, "array", "set");
        encode_array(out, &trace->initial);
        end(out);
    }
    delay(out);
}

/* add_line is what the log says of a step: "swap 1, 0  pivot = 3". */
static void add_line(struct buf *out, const struct trace_step *step, struct buf *line) {
    buf_clear(line);
    buf_text(line, step->op);
    for (size_t i = 0; i < step->n_at; i++) {
        buf_text(line, i ? ", " : " ");
        number_write_int(line, step->at[i]);
    }
    for (size_t i = 0; i < step->n_vars; i++) {
        buf_printf(line, "%s%s = ", i ? ", " : "  ", step->vars[i].name);
        encode_value(line, &step->vars[i].value);
    }
    begin(out, "log", "println");
    encode_string(out, line->data ? line->data : "", line->n);
    end(out);
}

/* mark patches, selects or releases the places of a step that lie in the array. */
static void mark(struct buf *out, const struct trace *trace, const struct trace_step *step, const char *method) {
    for (size_t i = 0; has_array(trace) && i < step->n_at; i++) {
        if (step->at[i] < 0 || (size_t)step->at[i] >= trace->initial.n)
            continue;
        begin(out, "array", method);
        number_write_int(out, step->at[i]);
        if (strcmp(method, "patch") == 0) {
            struct value value = array_at(&step->values, i);
            buf_byte(out, ',');
            encode_value(out, &value);
        }
        end(out);
    }
}

static void add_step(struct buf *out, const struct trace *trace, const struct trace_step *step, struct buf *line) {
    bool writes =
        (strcmp(step->op, "set") == 0 || strcmp(step->op, "swap") == 0) && step->values.n == step->n_at && step->n_at;
    add_line(out, step, line);
    mark(out, trace, step, writes ? "patch" : "select");
    delay(out);
    mark(out, trace, step, writes ? "depatch" : "deselect");
}

void trace_commands_write(struct buf *out, const struct trace *trace) {
    struct buf line;
    buf_init(&line, SIZE_MAX / 2);
    buf_byte(out, '[');
    set_scene(out, trace);
    for (size_t i = 0; i < trace->n && !out->failed; i++)
        add_step(out, trace, &trace->steps[i], &line);
    if (!out->failed)
        out->n--; /* the last comma */
    buf_byte(out, ']');
    out->failed |= line.failed;
    buf_release(&line);
}
