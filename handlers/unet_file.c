#include "handlers/unet_file.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The words of a key with a choice, and what each means. */
struct word {
    const char *text;
    int value;
};

static const struct word TIMES[] = {
    {"positional", UNET_TIME_POSITIONAL}, {"fourier", UNET_TIME_FOURIER}, {"learned", UNET_TIME_LEARNED}, {0}};
static const struct word CLASSES[] = {{"timestep", UNET_CLASS_TIMESTEP}, {"identity", UNET_CLASS_IDENTITY}, {0}};
static const struct word ACTIVATIONS[] = {{"silu", ACTIVATION_SILU}, {"swish", ACTIVATION_SILU},
                                          {"mish", ACTIVATION_MISH}, {"gelu", ACTIVATION_GELU},
                                          {"relu", ACTIVATION_RELU}, {0}};
static const struct word RESIZES[] = {{"conv", 0}, {"resnet", 1}, {0}};
static const struct word SHIFTS[] = {{"default", 0}, {"scale_shift", 1}, {0}};
static const struct word MIDDLES[] = {{"UNetMidBlock2D", 0}, {0}};
static const struct word DOWNS[] = {{"DownBlock2D", 0}, {"AttnDownBlock2D", 1}, {0}};
static const struct word UPS[] = {{"UpBlock2D", 0}, {"AttnUpBlock2D", 1}, {0}};

enum type {
    TYPE_SIZE,   /* size_t */
    TYPE_REAL,   /* double */
    TYPE_FLAG,   /* bool */
    TYPE_WORD,   /* int, an enum */
    TYPE_SWITCH, /* bool, by a word */
    TYPE_ONLY,   /* a word or number that changes nothing */
    TYPE_PIXELS, /* a size, or height and width */
    TYPE_SIZES,  /* an array of sizes, one a level */
    TYPE_BLOCKS, /* an array of words, one a level: bool */
};

struct key {
    const char *name;
    enum type type;
    bool nullable; /* null is 0, or as if it were missing */
    size_t offset;
    double low, high;
    const struct word *words;
};

#define AT(member) offsetof(struct unet_config, member)
static const struct key KEYS[] = {
    {"sample_size", TYPE_PIXELS, true, 0, 1, UNET_SIZE_MAX},
    {"in_channels", TYPE_SIZE, false, AT(in_channels), 1, UNET_CHANNELS_MAX},
    {"out_channels", TYPE_SIZE, false, AT(out_channels), 1, UNET_CHANNELS_MAX},
    {"center_input_sample", TYPE_FLAG, false, AT(center_input_sample)},
    {"time_embedding_type", TYPE_WORD, false, AT(time_embedding_type), .words = TIMES},
    {"time_embedding_dim", TYPE_SIZE, true, AT(time_embedding_dim), 1, 4 * UNET_CHANNELS_MAX},
    {"freq_shift", TYPE_REAL, false, AT(freq_shift), -1000, 1000},
    {"flip_sin_to_cos", TYPE_FLAG, false, AT(flip_sin_to_cos)},
    {"down_block_types", TYPE_BLOCKS, false, AT(down_attention), .words = DOWNS},
    {"mid_block_type", TYPE_ONLY, false, .words = MIDDLES},
    {"up_block_types", TYPE_BLOCKS, false, AT(up_attention), .words = UPS},
    {"block_out_channels", TYPE_SIZES, false, AT(block_out_channels), 1, UNET_CHANNELS_MAX},
    {"layers_per_block", TYPE_SIZE, false, AT(layers_per_block), 1, UNET_LAYERS_MAX},
    {"mid_block_scale_factor", TYPE_REAL, false, AT(mid_block_scale_factor), 1e-6, 1e6},
    {"downsample_padding", TYPE_SIZE, false, AT(downsample_padding), 0, 1},
    {"downsample_type", TYPE_SWITCH, false, AT(resnet_downsample), .words = RESIZES},
    {"upsample_type", TYPE_SWITCH, false, AT(resnet_upsample), .words = RESIZES},
    {"dropout", TYPE_ONLY, false, 0, 0, 1},
    {"act_fn", TYPE_WORD, false, AT(act_fn), .words = ACTIVATIONS},
    {"attention_head_dim", TYPE_SIZE, true, AT(attention_head_dim), 1, UNET_CHANNELS_MAX},
    {"norm_num_groups", TYPE_SIZE, false, AT(norm_num_groups), 1, UNET_CHANNELS_MAX},
    {"attn_norm_num_groups", TYPE_SIZE, true, AT(attn_norm_num_groups), 1, UNET_CHANNELS_MAX},
    {"norm_eps", TYPE_REAL, false, AT(norm_eps), 1e-12, 1},
    {"resnet_time_scale_shift", TYPE_SWITCH, false, AT(scale_shift), .words = SHIFTS},
    {"add_attention", TYPE_FLAG, false, AT(add_attention)},
    {"class_embed_type", TYPE_WORD, true, AT(class_embed_type), .words = CLASSES},
    {"num_class_embeds", TYPE_SIZE, true, AT(num_class_embeds), 1, 1000 * 1000},
    {"num_train_timesteps", TYPE_SIZE, true, AT(num_train_timesteps), 1, 1000 * 1000},
};

struct reading {
    struct ctx *ctx;
    const char *file;
    const struct key *key;
    struct unet_config *c;
    size_t downs, ups, channels; /* levels of each list; 0: it is missing */
};

static enum status wants(const struct reading *r, const char *format, ...) MUST_CHECK PRINTF_LIKE(2, 3);
static enum status wants(const struct reading *r, const char *format, ...) {
    char sentence[400];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return ctx_fail(r->ctx, STATUS_INVALID, "", "%s of %.100s wants %s.", r->key->name, r->file, sentence);
}

static enum status read_number(const struct reading *r, const json_t *value, bool whole, double *out) {
    *out = json_number_value(value);
    if (!(whole ? json_is_integer(value) : json_is_number(value)) || !(*out >= r->key->low && *out <= r->key->high))
        return wants(r, "%s from %.9g to %.9g%s", whole ? "an integer" : "a number", r->key->low, r->key->high,
                     r->key->nullable ? ", or null" : "");
    return STATUS_OK;
}

static enum status read_size(const struct reading *r, const json_t *value, size_t *out) {
    double number = 0;
    enum status status = read_number(r, value, true, &number);
    if (status == STATUS_OK)
        *out = (size_t)number;
    return status;
}

static enum status read_word(const struct reading *r, const json_t *value, int *out) {
    const char *text = json_string_value(value);
    char list[200] = "";
    for (const struct word *w = r->key->words; w->text; w++) {
        if (text && !strcmp(text, w->text)) {
            *out = w->value;
            return STATUS_OK;
        }
        size_t n = strlen(list);
        snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", w->text);
    }
    const char *mark = text ? "\"" : "";
    return wants(r, "one of %s, not %s%.60s%s", list, mark,
                 text                  ? text
                 : json_is_null(value) ? "null"
                                       : "a value of another type",
                 mark);
}

static enum status read_pixels(const struct reading *r, const json_t *value) {
    const json_t *height = value, *width = value;
    if (json_is_array(value)) {
        if (json_array_size(value) != 2)
            return wants(r, "one integer, or two: height and width");
        height = json_array_get(value, 0);
        width = json_array_get(value, 1);
    }
    enum status status = read_size(r, height, &r->c->height);
    return status == STATUS_OK ? read_size(r, width, &r->c->width) : status;
}

static enum status read_list(struct reading *r, const json_t *value) {
    size_t n = json_array_size(value);
    char *to = (char *)r->c + r->key->offset;
    if (!json_is_array(value) || n < 1 || n > UNET_LEVELS_MAX)
        return wants(r, "an array of 1 to %d, one a level", UNET_LEVELS_MAX);
    for (size_t i = 0; i < n; i++) {
        int word = 0;
        bool sizes = r->key->type == TYPE_SIZES;
        enum status status = sizes ? read_size(r, json_array_get(value, i), (size_t *)(void *)to + i)
                                   : read_word(r, json_array_get(value, i), &word);
        if (status != STATUS_OK)
            return status;
        if (!sizes)
            ((bool *)to)[i] = word;
    }
    *(r->key->type == TYPE_SIZES ? &r->channels : r->key->words == DOWNS ? &r->downs : &r->ups) = n;
    return STATUS_OK;
}

static enum status read_value(struct reading *r, const json_t *value) {
    void *to = (char *)r->c + r->key->offset;
    double number = 0;
    int word = 0;
    enum status status = STATUS_OK;
    switch (r->key->type) {
    case TYPE_SIZE: return read_size(r, value, to);
    case TYPE_REAL: return read_number(r, value, false, to);
    case TYPE_FLAG:
        *(bool *)to = json_is_true(value);
        return json_is_boolean(value) ? STATUS_OK : wants(r, "true or false");
    case TYPE_WORD:
    case TYPE_SWITCH:
        status = read_word(r, value, &word);
        if (status == STATUS_OK && r->key->type == TYPE_WORD)
            memcpy(to, &word, sizeof word);
        else if (status == STATUS_OK)
            *(bool *)to = word;
        return status;
    case TYPE_ONLY: return r->key->words ? read_word(r, value, &word) : read_number(r, value, false, &number);
    case TYPE_PIXELS: return read_pixels(r, value);
    case TYPE_SIZES:
    case TYPE_BLOCKS: return read_list(r, value);
    }
    return STATUS_INTERNAL;
}

/* A null where it may stand is no number, or as if the key were missing. */
static enum status read_null(const struct reading *r) {
    if (r->key->type == TYPE_SIZE)
        *(size_t *)(void *)((char *)r->c + r->key->offset) = 0;
    return STATUS_OK;
}

static enum status read_member(struct reading *r, struct file_warnings *warnings, const char *name,
                               const json_t *value) {
    for (size_t i = 0; i < COUNT_OF(KEYS); i++)
        if (!strcmp(KEYS[i].name, name)) {
            r->key = &KEYS[i];
            return r->key->nullable && json_is_null(value) ? read_null(r) : read_value(r, value);
        }
    if (*name != '_')
        file_warn(r->ctx, warnings, "%.100s has the unknown key %.60s, which is left out.", r->file, name);
    return STATUS_OK;
}

/* settle looks at what keys say together. */
static enum status settle(struct reading *r) {
    struct unet_config *c = r->c;
    size_t downs = r->downs ? r->downs : c->levels, ups = r->ups ? r->ups : c->levels;
    size_t channels = r->channels ? r->channels : c->levels;
    if (downs != channels || ups != channels)
        return ctx_fail(
            r->ctx, STATUS_INVALID, "",
            "%.100s has %zu down_block_types, %zu up_block_types and %zu block_out_channels; want as many of "
            "each.",
            r->file, downs, ups, channels);
    c->levels = channels;
    if (!c->height)
        return ctx_fail(r->ctx, STATUS_INVALID, "",
                        "%.100s does not say its sample_size; want an integer from 1 to %d.", r->file, UNET_SIZE_MAX);
    if (c->class_embed_type == UNET_CLASS_NONE && c->num_class_embeds)
        c->class_embed_type = UNET_CLASS_EMBEDDING;
    return STATUS_OK;
}

enum status unet_file_read(struct ctx *ctx, const char *file, json_t *object, struct file_warnings *warnings,
                           struct unet_config *out) {
    struct reading r = {.ctx = ctx, .file = file, .c = out};
    const char *name;
    json_t *value;
    *out = unet_default();
    out->height = out->width = 0;
    json_object_foreach(object, name, value) {
        enum status status = read_member(&r, warnings, name, value);
        if (status != STATUS_OK)
            return status;
    }
    return settle(&r);
}
