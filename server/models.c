#include "server/models.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "handlers/call.h"
#include "handlers/model_request.h"
#include "server/log.h"
#include "server/networks.h"

enum { NAME_MAX_BYTES = 64, FILE_MAX = 64 << 20 };

struct model {
    struct model *older; /* all that were ever read, for models_close */
    char name[NAME_MAX_BYTES + 1];
    size_t n;
    char *json;
    struct loaded_model *network; /* NULL: the JSON is the whole model */
};

struct set {
    struct set *older;
    size_t n;
    const struct model *models[]; /* by name */
};

struct models {
    char *folder;
    enum isa isa;
    struct log *log;
    pthread_mutex_t mutex; /* of `current` */
    const struct set *current;
    struct set *sets;
    struct model *all;
};

static const struct set *current(struct models *models) {
    pthread_mutex_lock(&models->mutex);
    const struct set *set = models->current;
    pthread_mutex_unlock(&models->mutex);
    return set;
}

static const struct model *find(const struct set *set, const char *name) {
    for (size_t i = 0; set && i < set->n; i++)
        if (!strcmp(set->models[i]->name, name))
            return set->models[i];
    return NULL;
}

static bool plain(const char *name) {
    size_t n = strlen(name);
    return n > 0 && n <= NAME_MAX_BYTES && *name != '.' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

/* file_name copies the name without ".json"; false where the file is none of ours. */
static bool file_name(const char *file, char name[NAME_MAX_BYTES + 1]) {
    size_t n = strlen(file);
    if (n < 6 || n - 5 > NAME_MAX_BYTES || strcmp(file + n - 5, ".json") != 0 || *file == '.')
        return false;
    memcpy(name, file, n - 5);
    name[n - 5] = '\0';
    return plain(name);
}

/* read_whole returns the file's text (malloc'ed), or NULL and why. */
static char *read_whole(int folder, const char *file, size_t *n, const char **why) {
    struct stat st;
    int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = NULL;
    size_t size = 0, got = 0;
    *why = NULL;
    if (fd < 0 || fstat(fd, &st))
        *why = strerror(errno);
    else if (!S_ISREG(st.st_mode))
        *why = "it is no regular file";
    else if (st.st_size > FILE_MAX)
        *why = "it is larger than 64 MiB";
    else if (size = (size_t)st.st_size, !(text = malloc(size + 1)))
        *why = "there is no memory for it";
    while (!*why && got < size) {
        ssize_t k = read(fd, text + got, size - got);
        if (k <= 0)
            *why = k ? strerror(errno) : "it shrank while it was read";
        else
            got += (size_t)k;
    }
    if (fd >= 0)
        close(fd);
    if (*why || !text) {
        free(text);
        return NULL;
    }
    text[size] = '\0';
    *n = size;
    return text;
}

/* keep returns the model of this text: the one there is, if its text is the same. Takes over text and network. */
static const struct model *keep(struct models *models, const char *name, char *text, size_t n,
                                struct loaded_model *network) {
    const struct model *old = find(models->current, name);
    struct model *model = NULL;
    if (old && old->n == n && !memcmp(old->json, text, n)) {
        free(text);
        model_unload(network);
        return old;
    }
    if (!(model = calloc(1, sizeof *model))) {
        free(text);
        model_unload(network);
        return NULL;
    }
    model->network = network;
    memcpy(model->name, name, sizeof model->name);
    model->json = text;
    model->n = n;
    model->older = models->all;
    models->all = model;
    return model;
}

static const struct model *read_model(struct models *models, int folder, const char *file) {
    char name[NAME_MAX_BYTES + 1] = "";
    const char *why = NULL;
    struct error error;
    size_t n = 0;
    if (!file_name(file, name))
        return NULL;
    char *text = read_whole(folder, file, &n, &why);
    if (text && !model_check(text, n, &error))
        why = error.detail;
    if (why) {
        log_message(models->log, "warn", "The model %s/%s is left out: %s", models->folder, file, why);
        free(text);
        return NULL;
    }
    return keep(models, name, text, n, NULL);
}

/* is_model: a folder with something in it that could be a model. */
static bool is_model(int folder, const char *name) {
    static const char *const signs[] = {"model_index.json", "config.json"};
    char path[NAME_MAX_BYTES + 32];
    struct stat st;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (snprintf(path, sizeof path, "%s/%s", name, signs[i]) > 0 && !fstatat(folder, path, &st, 0))
            return true;
    return false;
}

static const struct model *read_network(struct models *models, int folder, const char *name) {
    struct error why = {0};
    char *path = NULL;
    if (!plain(name) || !is_model(folder, name) || asprintf(&path, "%s/%s", models->folder, name) < 0)
        return NULL;
    struct loaded_model *network = network_load(path, models->isa, &why);
    free(path);
    if (!network) {
        log_message(models->log, "warn", "The model %s/%s is left out: %s", models->folder, name, why.detail);
        return NULL;
    }
    struct buf text;
    buf_init(&text, 4096);
    model_describe(network, name, &text);
    if (!text.failed)
        return keep(models, name, text.data, text.n, network);
    buf_release(&text);
    model_unload(network);
    return NULL;
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(const struct model *const *)a)->name, (*(const struct model *const *)b)->name);
}

static struct set *add(struct set *set, const struct model *model, size_t *room) {
    if (!set || set->n == *room) {
        size_t more = *room ? *room * 2 : 16;
        struct set *grown = realloc(set, sizeof *set + more * sizeof(struct model *));
        if (!grown)
            return set;
        if (!set)
            grown->n = 0;
        set = grown;
        *room = more;
    }
    if (model)
        set->models[set->n++] = model;
    return set;
}

void models_rescan(struct models *models) {
    if (!models->folder)
        return;
    DIR *folder = opendir(models->folder);
    if (!folder) {
        log_message(models->log, "warn", "Cannot read the models' folder %s: %s.", models->folder, strerror(errno));
        return;
    }
    size_t room = 0;
    struct set *set = add(NULL, NULL, &room);
    for (struct dirent *entry; set && (entry = readdir(folder));) {
        const struct model *model = read_model(models, dirfd(folder), entry->d_name);
        if (!model)
            model = read_network(models, dirfd(folder), entry->d_name);
        if (model)
            set = add(set, model, &room);
    }
    closedir(folder);
    if (!set)
        return;
    qsort(set->models, set->n, sizeof(struct model *), by_name);
    set->older = models->sets;
    models->sets = set;
    pthread_mutex_lock(&models->mutex);
    models->current = set;
    pthread_mutex_unlock(&models->mutex);
    log_message(models->log, "info", "%zu named models from %s.", set->n, models->folder);
}

struct models *models_open(const char *folder, enum isa isa, struct log *log) {
    struct models *models = calloc(1, sizeof *models);
    if (!models)
        return NULL;
    pthread_mutex_init(&models->mutex, NULL);
    models->log = log;
    models->isa = isa;
    if (folder && *folder && !(models->folder = strdup(folder))) {
        models_close(models);
        return NULL;
    }
    models_rescan(models);
    return models;
}

void models_close(struct models *models) {
    if (!models)
        return;
    for (struct set *set = models->sets, *older; set; set = older) {
        older = set->older;
        free(set);
    }
    for (struct model *model = models->all, *older; model; model = older) {
        older = model->older;
        free(model->json);
        model_unload(model->network);
        free(model);
    }
    pthread_mutex_destroy(&models->mutex);
    free(models->folder);
    free(models);
}

const char *models_json(struct models *models, const char *name, size_t *n) {
    const struct model *model = find(current(models), name);
    if (model && n)
        *n = model->n;
    return model ? model->json : NULL;
}

const char *models_name(struct models *models, size_t i) {
    const struct set *set = current(models);
    return set && i < set->n ? set->models[i]->name : NULL;
}

const struct loaded_model *models_network(struct models *models, const char *name, size_t n) {
    char text[NAME_MAX_BYTES + 1];
    if (n > NAME_MAX_BYTES)
        return NULL;
    memcpy(text, name, n);
    text[n] = '\0';
    const struct model *model = find(current(models), text);
    return model ? model->network : NULL;
}
