#include "handlers/trace_commands.h"

#include "handlers/encode.h"
#include "handlers/number.h"

/* Where the commands go. */
struct player {
    struct buf *out;
    char between;
    bool begun;
};

/* The trace's array is shown if it has one level. */
static bool has_array(const struct trace *trace) {
    return trace->initial.kind != KIND_NONE && trace->initial.dims == 1;
}

/* begin opens a command up to its arguments; key NULL: null. */
static void begin(struct player *to, const char *key, const char *method) {
    struct buf *out = to->out;
    if (to->begun)
        buf_byte(out, to->between);
    to->begun = true;
    buf_text(out, "{\"key\":");
    if (key)
        encode_text(out, key);
    else
        buf_text(out, "null");
    buf_printf(out, ",\"method\":\"%s\",\"args\":[", method);
}

static void end(struct player *to) { buf_text(to->out, "]}"); }

static void with_text(struct player *to, const char *key, const char *method, const char *text) {
    begin(to, key, method);
    encode_text(to->out, text);
    end(to);
}

static void delay(struct player *to) {
    begin(to, NULL, "delay");
    end(to);
}

static void set_scene(struct player *to, const struct trace *trace) {
    bool array = has_array(trace);
    if (array)
        with_text(to, "array", "Array1DTracer", "Values");
    with_text(to, "log", "LogTracer", "Steps");
    begin(to, "layout", "VerticalLayout");
    buf_text(to->out, array ? "[\"array\",\"log\"]" : "[\"log\"]");
    end(to);
    with_text(to, NULL, "setRoot", "layout");
    if (array) {
        begin(to, "array", "set");
        encode_array(to->out, &trace->initial);
        end(to);
    }
    delay(to);
}

/* add_line is what the log says of a step: "swap 1, 0  pivot = 3". */
static void add_line(struct player *to, const struct trace_step *step, struct buf *line) {
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
    begin(to, "log", "println");
    encode_string(to->out, line->data ? line->data : "", line->n);
    end(to);
}

/* mark patches, selects or releases the places of a step that lie in the array. */
static void mark(struct player *to, const struct trace *trace, const struct trace_step *step, const char *method) {
    for (size_t i = 0; has_array(trace) && i < step->n_at; i++) {
        if (step->at[i] < 0 || (size_t)step->at[i] >= trace->initial.n)
            continue;
        begin(to, "array", method);
        number_write_int(to->out, step->at[i]);
        if (strcmp(method, "patch") == 0) {
            struct value value = array_at(&step->values, i);
            buf_byte(to->out, ',');
            encode_value(to->out, &value);
        }
        end(to);
    }
}

static void add_step(struct player *to, const struct trace *trace, const struct trace_step *step, struct buf *line) {
    bool writes =
        (strcmp(step->op, "set") == 0 || strcmp(step->op, "swap") == 0) && step->values.n == step->n_at && step->n_at;
    add_line(to, step, line);
    mark(to, trace, step, writes ? "patch" : "select");
    delay(to);
    mark(to, trace, step, writes ? "depatch" : "deselect");
}

void trace_commands_write(struct buf *out, const struct trace *trace, char between) {
    struct player player = {.out = out, .between = between};
    struct buf line;
    buf_init(&line, SIZE_MAX / 2);
    set_scene(&player, trace);
    for (size_t i = 0; i < trace->n && !out->failed; i++)
        add_step(&player, trace, &trace->steps[i], &line);
    out->failed |= line.failed;
    buf_release(&line);
}
