#include "handlers/decoder.h"

enum status decoder_items(struct decoder *d, const struct field *field, const struct path *path, size_t n,
                          struct list *to) {
    if (n < field->min_items || n > decoder_max_items(field))
        return decoder_wrong(d, path, "has %zu elements, want %zu to %zu.", n, field->min_items,
                             decoder_max_items(field));
    void *items = ctx_zalloc(d->ctx, n ? n : 1, field->size);
    if (!items)
        return STATUS_NO_MEMORY;
    *to = (struct list){n, items};
    return STATUS_OK;
}

/* A walk over the elements of an array's text. */
struct walk {
    const char *at, *end; /* behind the bracket that opens the array .. at the one that closes it */
    bool more;            /* there is an element, although it may be nothing where there should be one */
};

static void skip_space(struct walk *w) {
    while (w->at < w->end && memchr(" \t\n\r", *w->at, 4))
        w->at++;
}

/* next_element takes the element that begins here, to the comma behind it or the end. */
static struct span next_element(struct walk *w) {
    skip_space(w);
    struct span element = {.text = w->at};
    for (size_t depth = 0; w->at < w->end && (depth > 0 || *w->at != ','); w->at++)
        depth += *w->at == '[' ? 1 : *w->at == ']' ? -(size_t)1 : 0;
    element.n = (size_t)(w->at - element.text);
    while (element.n > 0 && memchr(" \t\n\r", element.text[element.n - 1], 4))
        element.n--;
    w->more = w->at < w->end; /* at a comma */
    w->at += w->more;
    return element;
}

static struct walk walk_of(const struct span *span) {
    struct walk w = {span->text + 1, span->text + span->n - 1, false};
    skip_space(&w);
    w.more = w.at < w.end;
    return w;
}

static size_t count_elements(const struct span *span) {
    struct walk w = walk_of(span);
    size_t n = 0;
    for (; w.more; n++)
        (void)next_element(&w);
    return n;
}

/* bare_item reads one row. What is no array, or more than one, says what it is; nothing between two commas is a matter
 * of syntax. */
static enum status bare_item(struct decoder *d, const struct field *field, const struct path *path,
                             const struct span *element, char *item) {
    if (element->n == 0)
        return splice_syntax(d->ctx, d->splice->text, d->splice->n, (size_t)(element->text - d->splice->text));
    if (*element->text != '[')
        return decoder_wrong(d, path, "is %s, want an array or an object.",
                             decoder_show_text(element->text, element->n, "").text);
    *(bool *)(item + field->bare) = true;
    return decoder_numbers(d, field->fields, path, element, (struct array *)(item + field->fields->offset));
}

enum status decoder_bare_list(struct decoder *d, const struct field *field, const struct path *path,
                              const struct span *span, struct list *to) {
    enum status status = decoder_items(d, field, path, count_elements(span), to);
    struct walk w = walk_of(span);
    for (size_t i = 0; status == STATUS_OK && i < to->n && d->call->n_errors < CALL_MAX_ERRORS; i++) {
        struct path at = {.up = path, .index = i};
        struct span element = next_element(&w);
        status = bare_item(d, field, &at, &element, (char *)to->items + i * field->size);
    }
    return status;
}
