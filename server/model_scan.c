#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handlers/call.h"
#include "handlers/encode.h"
#include "server/model_entry.h"

struct scan {
    struct models *models;
    int folder;
    struct entry **list;
    size_t n, room;
    bool failed;
};

static bool plain(const char *name) { return model_name_fits((struct str){name, strlen(name)}); }

/* name_of_file copies the name without ".json"; false where the file is none of ours. */
static bool name_of_file(const char *file, char name[NAME_MAX + 1]) {
    size_t n = strlen(file);
    if (n < 6 || strcmp(file + n - 5, ".json") != 0)
        return false;
    memcpy(name, file, n - 5);
    name[n - 5] = '\0';
    return true;
}

/* name_of_folder: a folder with something in it that could be a model. */
static bool name_of_folder(int folder, const char *entry, char name[NAME_MAX + 1]) {
    static const char *const signs[] = {"model_index.json", "config.json"};
    char path[NAME_MAX + 32];
    struct stat st;
    strcpy(name, entry);
    for (size_t i = 0; i < COUNT_OF(signs); i++)
        if (snprintf(path, sizeof path, "%s/%s", name, signs[i]) > 0 && !fstatat(folder, path, &st, 0))
            return true;
    return false;
}

/* -- One that is new -- */

static bool bad(struct entry *e, const char *why) {
    e->why = strdup(why);
    return e->why != NULL;
}

/* read_whole returns the file's text (malloc'ed), or NULL and why. */
static char *read_whole(int folder, const char *file, size_t *n, const char **why) {
    struct stat st;
    int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = NULL;
    *why = "It cannot be read.";
    if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode)) {
        *why = "It is larger than 64 MiB.";
        *n = (size_t)st.st_size;
        if (st.st_size <= MODEL_FILE_MAX && (text = malloc(*n + 1)) && read(fd, text, *n) != st.st_size) {
            *why = "It cannot be read.";
            free(text);
            text = NULL;
        }
    }
    if (fd >= 0)
        close(fd);
    return text;
}

static void make_digest(struct entry *e) {
    struct key_state state;
    struct key key;
    key_start(&state);
    key_add(&state, e->json, e->n_json);
    key_end(&state, &key);
    key_hex(&key, e->digest);
}

static bool read_file(struct scan *s, struct entry *e) {
    char file[ENTRY_NAME + 8];
    const char *why;
    struct error error;
    snprintf(file, sizeof file, "%s.json", e->name);
    seen_look(&e->seen, s->folder, file);
    char *text = read_whole(s->folder, file, &e->n_json, &why);
    if (!text)
        return bad(e, why);
    if (model_check(text, e->n_json, &error)) {
        e->json = text;
        make_digest(e);
        return true;
    }
    free(text);
    return bad(e, error.detail);
}

static bool read_folder(struct scan *s, struct entry *e) {
    struct error why = {0};
    if (asprintf(&e->path, "%s/%s", s->models->folder, e->name) < 0) {
        e->path = NULL;
        return false;
    }
    e->made = model_is_made(s->folder, e->name);
    e->outline = network_outline(e->path, s->models->isa, &e->seen, &why);
    return e->outline || bad(e, why.detail);
}

static bool misnamed(struct entry *e) {
    return bad(e, "Its name is none for a model: want 1 to 64 of A-Z a-z 0-9 . _ -, and no dot in front.");
}

static struct entry *read_entry(struct scan *s, const char *name, bool is_file) {
    struct entry *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    strcpy(e->name, name);
    e->is_file = is_file;
    if (!plain(name) ? misnamed(e) : is_file ? read_file(s, e) : read_folder(s, e))
        return e;
    entry_free(e);
    return NULL;
}

/* -- All of them -- */

/* find_same is the entry of before, if its files are what they were. */
static struct entry *find_same(struct scan *s, const char *name, bool is_file) {
    struct models *m = s->models;
    struct entry *found = NULL;
    pthread_mutex_lock(&m->mutex);
    for (size_t i = 0; i < m->n && !found; i++)
        if (m->current[i]->is_file == is_file && !m->current[i]->late && !strcmp(m->current[i]->name, name))
            found = m->current[i];
    pthread_mutex_unlock(&m->mutex);
    if (!found || !plain(name)) /* nobody but a scan lets one go that is current */
        return found;
    int folder = is_file ? s->folder : openat(s->folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool same = folder >= 0 && seen_same(&found->seen, folder);
    if (!is_file && folder >= 0)
        close(folder);
    return same ? found : NULL;
}

/* shown makes UTF-8 of a name. */
static bool shown(const char *name, char text[ENTRY_NAME + 1]) {
    struct buf clean;
    buf_init(&clean, ENTRY_NAME);
    encode_clean(&clean, name);
    const bool whole = !clean.failed;
    if (whole)
        memcpy(text, clean.data, clean.n);
    text[whole ? clean.n : 0] = '\0';
    buf_release(&clean);
    return whole;
}

static void add(struct scan *s, const char *found, bool is_file) {
    char name[ENTRY_NAME + 1];
    if (!shown(found, name)) {
        s->failed = true;
        return;
    }
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 16;
        struct entry **list = realloc(s->list, room * sizeof *list);
        s->failed |= !list;
        if (!list)
            return;
        s->list = list;
        s->room = room;
    }
    struct entry *e = find_same(s, name, is_file);
    if (!e)
        e = read_entry(s, name, is_file);
    s->failed |= !e;
    if (e)
        s->list[s->n++] = e;
}

/* by_name has files before folders: of two that have a name, the file is the model. */
static int by_name(const void *a, const void *b) {
    const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
    int order = strcmp(x->name, y->name);
    return order ? order : y->is_file - x->is_file;
}

/* let_go frees what was read for nothing. */
static void let_go(struct entry *e) {
    if (!e->current)
        entry_free(e);
}

/* drop_twins leaves one entry to each name. */
static void drop_twins(struct scan *s) {
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (n && !strcmp(s->list[n - 1]->name, s->list[i]->name))
            let_go(s->list[i]);
        else
            s->list[n++] = s->list[i];
    s->n = n;
}

struct entry **model_scan(struct models *models, size_t *n) {
    DIR *folder = opendir(models->folder);
    if (!folder)
        return NULL;
    struct scan s = {.models = models, .folder = dirfd(folder), .list = calloc(16, sizeof *s.list), .room = 16};
    char name[NAME_MAX + 1];
    s.failed = !s.list;
    for (struct dirent *entry; !s.failed && (entry = readdir(folder));)
        if (*entry->d_name == '.') /* hidden: what is being put there, for one */
            continue;
        else if (name_of_file(entry->d_name, name))
            add(&s, name, true);
        else if (name_of_folder(s.folder, entry->d_name, name))
            add(&s, name, false);
    closedir(folder);
    if (s.failed) {
        for (size_t i = 0; i < s.n; i++)
            let_go(s.list[i]);
        free(s.list);
        errno = ENOMEM;
        return NULL;
    }
    qsort(s.list, s.n, sizeof *s.list, by_name);
    drop_twins(&s);
    *n = s.n;
    return s.list;
}
