#include "handlers/model_files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/dit_file.h"
#include "handlers/mlp_file.h"
#include "handlers/unet_file.h"
#include "handlers/vae_file.h"
#include "handlers/weight_files.h"

#define AUTOENCODER "AutoencoderKL"
#define NETWORKS "a UNet2DModel, a DiTTransformer2DModel or an MLP"

enum { COMPONENT_MAX = 60 };

/* The classes of networks, and what reads their configs. */
static const struct {
    const char *class;
    enum network_kind kind;
} CLASSES[] = {{"UNet2DModel", NETWORK_UNET},
               {"DiTTransformer2DModel", NETWORK_DIT},
               {"Transformer2DModel", NETWORK_DIT}, /* its name before */
               {"MLP", NETWORK_MLP}};
enum { CLASS_OLD_DIT = 2 };

/* find_class is an index into CLASSES; its length: there is none of that name. */
static size_t find_class(const char *name) {
    size_t i = 0;
    while (i < COUNT_OF(CLASSES) && strcmp(CLASSES[i].class, name) != 0)
        i++;
    return i;
}

/* What model_index.json says. Texts are empty where it does not. */
struct parts {
    char network[COMPONENT_MAX + 1];
    char network_class[COMPONENT_MAX + 1];
    char autoencoder[COMPONENT_MAX + 1];
    char scheduler[COMPONENT_MAX + 1];
    char scheduler_class[COMPONENT_MAX + 1];
};

struct opening {
    struct ctx *ctx;
    struct files *files;
    struct parts parts;
    struct model_files *out;
};

/* open_object reads a JSON object; *object NULL: there is no such file. */
static enum status open_object(struct opening *o, const char *path, json_t **object) {
    struct file file = {0};
    struct str text = {0};
    *object = NULL;
    enum status status = o->files->open(o->files, o->ctx, path, &file);
    if (status != STATUS_OK || !file.p)
        return status;
    status = json_file_python(o->ctx, (struct str){(const char *)file.p, file.n}, &text);
    return status == STATUS_OK ? json_file_object(o->ctx, path, text, object) : status;
}

/* -- model_index.json -- */

static bool keep_name(char to[COMPONENT_MAX + 1], const char *name) {
    size_t n = strlen(name);
    if (n < 1 || n > COMPONENT_MAX || *name == '.' || strpbrk(name, "/\\"))
        return false;
    memcpy(to, name, n + 1);
    return true;
}

static enum status read_part(struct opening *o, const char *name, const json_t *value) {
    const char *class = json_string_value(json_array_get(value, 1));
    struct parts *parts = &o->parts;
    if (*name == '_' || !class)
        return STATUS_OK;
    if (!strcmp(name, "scheduler") && keep_name(parts->scheduler_class, class) && keep_name(parts->scheduler, name))
        return STATUS_OK;
    if (find_class(class) < COUNT_OF(CLASSES) && !*parts->network && keep_name(parts->network_class, class) &&
        keep_name(parts->network, name))
        return STATUS_OK;
    if (!strcmp(class, AUTOENCODER) && !*parts->autoencoder && keep_name(parts->autoencoder, name))
        return STATUS_OK;
    return ctx_fail(o->ctx, STATUS_INVALID, "",
                    "model_index.json has the component %.60s of class %.60s; want one network (" NETWORKS
                    "), a scheduler, and at most one " AUTOENCODER ".",
                    name, class);
}

static enum status read_parts(struct opening *o, json_t *index) {
    json_t *value;
    const char *name;
    enum status status = STATUS_OK;
    json_object_foreach(index, name, value) {
        if (status == STATUS_OK && !strcmp(name, "id2label") && !json_is_null(value))
            status = model_labels_read(o->ctx, "model_index.json", value, &o->out->labels);
        else if (status == STATUS_OK)
            status = read_part(o, name, value);
    }
    if (status == STATUS_OK && !*o->parts.network)
        status = ctx_fail(o->ctx, STATUS_INVALID, "", "model_index.json has no network: want " NETWORKS ".");
    return status;
}

static enum status read_index(struct opening *o) {
    json_t *index = NULL;
    enum status status = open_object(o, "model_index.json", &index);
    if (status != STATUS_OK || !index)
        return status;
    status = read_parts(o, index);
    json_decref(index);
    return status;
}

/* -- The network -- */

/* open_part opens FILE of a component: in its folder, else at the root. `folder` tells which. */
static enum status open_part(struct opening *o, const char *part, const char *file, char folder[COMPONENT_MAX + 2],
                             char path[WEIGHT_PATH], json_t **object) {
    enum status status = STATUS_OK;
    *object = NULL;
    snprintf(folder, COMPONENT_MAX + 2, "%s%s", part, *part ? "/" : "");
    snprintf(path, WEIGHT_PATH, "%s%s", folder, file);
    if (*part)
        status = open_object(o, path, object);
    if (status != STATUS_OK || *object)
        return status;
    *folder = '\0';
    snprintf(path, WEIGHT_PATH, "%s", file);
    return open_object(o, path, object);
}

/* class_of is that of a config.json, which has to be the one that the index names, by one of its names. */
static enum status class_of(struct opening *o, const char *path, json_t *config, size_t *out) {
    const char *class = json_string_value(json_object_get(config, "_class_name")), *named = o->parts.network_class;
    const char *mark = *named ? "\"" : "";
    if (!class && !*named)
        return ctx_fail(o->ctx, STATUS_INVALID, "", "%s has no _class_name, want " NETWORKS ".", path);
    *out = find_class(class ? class : named);
    if (*out == COUNT_OF(CLASSES) || (*named && CLASSES[find_class(named)].kind != CLASSES[*out].kind))
        return ctx_fail(o->ctx, STATUS_INVALID, "", "%s is of a network of class \"%.60s\", want %s%s%s.", path, class,
                        mark, *named ? named : NETWORKS, mark);
    return STATUS_OK;
}

static enum status read_config(struct opening *o, const char *path, json_t *config) {
    struct model_files *m = o->out;
    size_t class = 0;
    enum status status = class_of(o, path, config, &class);
    if (status != STATUS_OK)
        return status;
    m->architecture = CLASSES[class == CLASS_OLD_DIT ? class - 1 : class].class;
    m->kind = CLASSES[class].kind;
    switch (m->kind) {
    case NETWORK_UNET: return unet_file_read(o->ctx, path, config, &m->warnings, &m->unet);
    case NETWORK_DIT: return dit_file_read(o->ctx, path, config, class != CLASS_OLD_DIT, &m->warnings, &m->dit);
    case NETWORK_MLP: return mlp_file_read(o->ctx, path, config, &m->warnings, &m->mlp);
    }
    return STATUS_INTERNAL;
}

static enum status read_autoencoder(struct opening *o, const char *path, json_t *config) {
    const char *class = json_string_value(json_object_get(config, "_class_name"));
    o->out->latent = true;
    if (class && strcmp(class, AUTOENCODER) != 0)
        return ctx_fail(o->ctx, STATUS_INVALID, "", "%s is of class \"%.60s\", want " AUTOENCODER ".", path, class);
    return vae_file_read(o->ctx, path, config, &o->out->warnings, &o->out->vae);
}

static enum status no_config(const struct opening *o, const char *part) {
    if (!*part)
        return ctx_fail(o->ctx, STATUS_INVALID, "", "There is neither a model_index.json nor a config.json.");
    return ctx_fail(o->ctx, STATUS_INVALID, "", "There is neither %s/config.json nor config.json.", part);
}

static void measure(struct model_part *part) {
    for (size_t i = 0; i < part->weights.n; i++) {
        part->numbers += part->weights.list[i].n;
        part->tensors[part->weights.list[i].dtype]++;
    }
}

typedef enum status read_part_config(struct opening *o, const char *path, json_t *config);

static enum status read_weighted(struct opening *o, const char *name, read_part_config *read, struct model_part *out) {
    char folder[COMPONENT_MAX + 2], path[WEIGHT_PATH];
    json_t *config = NULL;
    enum status status = open_part(o, name, "config.json", folder, path, &config);
    if (status != STATUS_OK)
        return status;
    if (!config)
        return no_config(o, name);
    status = read(o, path, config);
    json_decref(config);
    if (status == STATUS_OK)
        status = weight_files_open(o->ctx, out->files = o->files, folder, &out->weights);
    if (status == STATUS_OK)
        measure(out);
    return status;
}

/* -- The scheduler -- */

/* A key that is null is as if it were missing, whether the class knows it or not. */
static void drop_nulls(json_t *object) {
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, name, value) {
        if (json_is_null(value))
            json_object_del(object, name);
    }
}

/* keep_json writes the object into the arena, with the class that the index names: that is what would be made. */
static enum status keep_json(struct opening *o, json_t *object, struct str *out) {
    const char *class = o->parts.scheduler_class;
    if (*class && json_object_set_new(object, "_class_name", json_string(class)))
        return ctx_fail(o->ctx, STATUS_NO_MEMORY, "", "There is not enough memory for the scheduler.");
    drop_nulls(object);
    size_t n = json_dumpb(object, NULL, 0, JSON_COMPACT);
    char *text = n ? ctx_alloc(o->ctx, n, 1) : NULL;
    if (!n)
        return ctx_fail(o->ctx, STATUS_NO_MEMORY, "", "There is not enough memory for the scheduler.");
    if (!text)
        return STATUS_NO_MEMORY;
    if (json_dumpb(object, text, n, JSON_COMPACT) != n)
        return ctx_fail(o->ctx, STATUS_NO_MEMORY, "", "There is not enough memory for the scheduler.");
    *out = (struct str){text, n};
    return STATUS_OK;
}

static enum status read_scheduler(struct opening *o) {
    char folder[COMPONENT_MAX + 2], path[WEIGHT_PATH];
    const char *part = *o->parts.scheduler ? o->parts.scheduler : "scheduler";
    json_t *config = NULL;
    enum status status = open_part(o, part, "scheduler_config.json", folder, path, &config);
    if (status != STATUS_OK)
        return status;
    if (!config) {
        file_warn(o->ctx, &o->out->warnings, "There is no scheduler_config.json, so a request has to name its path.");
        return STATUS_OK;
    }
    status = keep_json(o, config, &o->out->scheduler);
    json_decref(config);
    return status;
}

/* -- The table -- */

static enum status check_table(struct opening *o) {
    const struct table_code *code = &o->out->table->code;
    const struct mlp_config *mlp = &o->out->mlp.mlp;
    if (o->out->kind != NETWORK_MLP)
        return ctx_fail(o->ctx, STATUS_INVALID, "", "There is a " TABLE_FILE " beside a network that is no MLP.");
    if (code->classes && code->joint != mlp->given)
        return ctx_fail(o->ctx, STATUS_INVALID, "",
                        TABLE_FILE " has joint %s, and the network's given is %s; want both or neither.",
                        code->joint ? "true" : "false", mlp->given ? "true" : "false");
    if (o->out->table->choices && !mlp->given)
        return ctx_fail(o->ctx, STATUS_INVALID, "",
                        TABLE_FILE " has choices, and the network is not told what is given; want both or neither.");
    if (code->features == mlp->features && code->classes == mlp->num_classes)
        return STATUS_OK;
    return ctx_fail(o->ctx, STATUS_INVALID, "",
                    TABLE_FILE " makes rows of %zu features and %zu classes, and the network's have %zu and %zu.",
                    code->features, code->classes, mlp->features, mlp->num_classes);
}

static enum status read_table(struct opening *o) {
    json_t *object = NULL;
    enum status status = open_object(o, TABLE_FILE, &object);
    if (status != STATUS_OK || !object)
        return status;
    if (!(o->out->table = ctx_alloc(o->ctx, 1, sizeof *o->out->table)))
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = table_file_read(o->ctx, object, o->out->table);
    json_decref(object);
    return status == STATUS_OK ? check_table(o) : status;
}

static enum status read_source(struct opening *o) {
    enum status status = source_file_open(o->ctx, o->files, &o->out->source);
    if (status == STATUS_OK && o->out->source && o->out->latent)
        return ctx_fail(o->ctx, STATUS_INVALID, "", "There is a " SOURCE_FILE " beside a network of latents.");
    return status;
}

enum status model_files_open(struct ctx *ctx, struct files *files, struct model_files *out) {
    struct opening o = {.ctx = ctx, .files = files, .out = out};
    *out = (struct model_files){0};
    enum status status = read_index(&o);
    if (status == STATUS_OK)
        status = read_weighted(&o, o.parts.network, read_config, &out->network);
    if (status == STATUS_OK && *o.parts.autoencoder)
        status = read_weighted(&o, o.parts.autoencoder, read_autoencoder, &out->autoencoder);
    if (status == STATUS_OK)
        status = read_scheduler(&o);
    if (status == STATUS_OK)
        status = read_source(&o);
    return status == STATUS_OK ? read_table(&o) : status;
}

/* -- Parameters -- */

/* old_name writes the name that a parameter of attention had before; false: it has none. */
static bool old_name(const char *name, char old[PARAMETER_NAME + 16]) {
    static const char *const NAMES[][2] = {
        {".to_q.", ".query."}, {".to_k.", ".key."}, {".to_v.", ".value."}, {".to_out.0.", ".proj_attn."}};
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        const char *at = strstr(name, NAMES[i][0]);
        if (!at)
            continue;
        snprintf(old, PARAMETER_NAME + 16, "%.*s%s%s", (int)(at - name), name, NAMES[i][1], at + strlen(NAMES[i][0]));
        return true;
    }
    return false;
}

static const struct tensor_entry *named(const struct model_part *part, const struct parameter *p) {
    char old[PARAMETER_NAME + 16];
    const struct tensor_entry *t = safetensors_find(&part->weights, p->name);
    return !t && old_name(p->name, old) ? safetensors_find(&part->weights, old) : t;
}

enum dtype model_part_dtype(const struct model_part *part, const struct parameter *p) { return named(part, p)->dtype; }

/* find_tensor gives NULL, and the sentence, where there is none of that name and shape. */
static const struct tensor_entry *find_tensor(const struct model_part *part, struct ctx *ctx,
                                              const struct parameter *p) {
    char is[SAFETENSORS_SHAPE_TEXT], want[SAFETENSORS_SHAPE_TEXT];
    const struct tensor_entry *t = named(part, p);
    if (t && t->dims == p->dims && !memcmp(t->shape, p->shape, p->dims * sizeof *p->shape))
        return t;
    safetensors_shape(p->shape, p->dims, want);
    if (t) {
        safetensors_shape(t->shape, t->dims, is);
        (void)ctx_fail(ctx, STATUS_INVALID, "", "The tensor %s of %.100s has the shape %s, want %s.", p->name, t->file,
                       is, want);
    } else {
        (void)ctx_fail(ctx, STATUS_INVALID, "", "The weights have no %s; want it with the shape %s.", p->name, want);
    }
    return NULL;
}

enum status model_part_check(struct ctx *ctx, const struct model_part *part, const struct parameter *list, size_t n,
                             bool *asked) {
    for (size_t i = 0; i < n; i++) {
        const struct tensor_entry *t = find_tensor(part, ctx, &list[i]);
        if (!t)
            return STATUS_INVALID;
        asked[t - part->weights.list] = true;
    }
    return STATUS_OK;
}

enum status model_part_find(void *self, struct ctx *ctx, const struct parameter *p, float *to) {
    const struct model_part *part = self;
    const struct tensor_entry *t = find_tensor(part, ctx, p);
    if (!t)
        return STATUS_INVALID;
    safetensors_read(t, to);
    files_passed(part->files, t->data, t->n * dtype_bytes(t->dtype));
    for (size_t i = 0; i < t->n; i++)
        if (!isfinite(to[i]))
            return ctx_fail(ctx, STATUS_INVALID, "",
                            "The tensor %s of %.100s has %s as its number %zu, want a finite one.", p->name, t->file,
                            isnan(to[i]) ? "NaN" : "an infinity", i);
    return STATUS_OK;
}
