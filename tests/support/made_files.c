#include "tests/support/made_files.h"
#include "tests/support/test.h"

static struct made_file *find(struct made_files *m, const char *path) {
    for (size_t i = 0; i < m->n; i++)
        if (!strcmp(m->list[i].path, path))
            return &m->list[i];
    return NULL;
}

static enum status open_made(struct files *files, struct ctx *ctx, const char *path, struct file *out) {
    struct made_files *m = (struct made_files *)files;
    const struct made_file *f = find(m, path);
    if (m->broken && !strcmp(m->broken, path))
        return ctx_fail(ctx, STATUS_INVALID, "", "%s cannot be opened.", path);
    *out = f ? (struct file){f->bytes, f->n} : (struct file){0};
    return STATUS_OK;
}

static void count_passed(struct files *files, const void *p, size_t n) {
    (void)p;
    ((struct made_files *)files)->passed += n;
}

void made_files_init(struct made_files *m) {
    *m = (struct made_files){.files = {.open = open_made, .passed = count_passed}};
}

void made_files_release(struct made_files *m) {
    for (size_t i = 0; i < m->n; i++)
        free(m->list[i].bytes);
    m->n = 0;
}

void made_files_put(struct made_files *m, const char *path, const void *bytes, size_t n) {
    struct made_file *f = find(m, path);
    if (!f) {
        assert_true(m->n < MADE_FILES_MAX);
        f = &m->list[m->n++];
        *f = (struct made_file){.path = path};
    }
    free(f->bytes);
    f->bytes = malloc(n ? n : 1);
    assert_non_null(f->bytes);
    memcpy(f->bytes, bytes, n);
    f->n = n;
}

void made_files_text(struct made_files *m, const char *path, const char *text) {
    made_files_put(m, path, text, strlen(text));
}

void made_files_remove(struct made_files *m, const char *path) {
    struct made_file *f = find(m, path);
    assert_non_null(f);
    free(f->bytes);
    *f = m->list[--m->n];
}

void made_files_move(struct made_files *m, const char *from, const char *to) {
    struct made_file *f = find(m, from);
    assert_non_null(f);
    f->path = to;
}
