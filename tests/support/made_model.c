#include "tests/support/made_model.h"

#include "core/nn/dit.h"
#include "core/nn/mlp.h"
#include "core/tensor/tensor.h"
#include "handlers/model_request.h"
#include "handlers/safetensors.h"
#include "tests/support/host.h"
#include "tests/support/network.h"
#include "tests/support/test.h"
#include "tests/support/threads.h"

enum { TENSORS_MAX = 600, PATH_ROOM = 120, MEMORY = 256 << 20 };

#define DIGEST "made"

static enum status find_model(struct model_store *self, struct ctx *ctx, struct str name, struct str digest,
                              enum model_need need, struct named_model *out) {
    struct made_model *m = (struct made_model *)self;
    if (name.n != 4 || memcmp(name.p, "made", 4) != 0)
        return test_host.models->find(test_host.models, ctx, name, digest, need, out);
    *out = (struct named_model){.entry = m,
                                .name = {"made", 4},
                                .outline = m->loaded,
                                .json = {m->json.data, m->json.n},
                                .digest = {DIGEST, strlen(DIGEST)},
                                .loaded = true};
    return STATUS_OK;
}

static enum status load_model(struct model_store *self, struct ctx *ctx, const struct named_model *model,
                              enum graph_dtype dtype, bool holds, const struct loaded_model **out) {
    struct made_model *m = (struct made_model *)self;
    struct error why;
    (void)ctx, (void)model, (void)holds;
    if (dtype == GRAPH_BF16 && !m->halved && !(m->halved = model_load(&m->folder.files, m->isa, dtype, MEMORY, &why)))
        fail_msg("%s", why.detail);
    *out = dtype == GRAPH_BF16 ? m->halved : m->loaded;
    return STATUS_OK;
}

static void drop_model(struct model_store *self, const struct named_model *model, const struct loaded_model *network) {
    (void)self, (void)model, (void)network;
}

static int64_t look(void *self) {
    struct made_model *m = self;
    return m->clock_ns += 100 * 1000;
}

void made_model_clock(struct made_model *m) { m->host.now_ns = look; }

void made_model_begin(struct made_model *m) {
    *m = (struct made_model){.threads = 1, .isa = ISA_REF};
    ctx_init(&m->ctx, MEMORY);
    made_files_init(&m->folder);
    torch_random_seed(&m->weights.random, 0);
    buf_init(&m->json, 1 << 16);
    m->host = test_host;
    m->store =
        (struct model_store){find_model, load_model, drop_model, test_host.models->list, test_host.models->rescan};
    m->host.models = &m->store;
    m->host.self = m;
}

void made_model_end(struct made_model *m) {
    model_unload(m->loaded), model_unload(m->halved);
    made_files_release(&m->folder);
    buf_release(&m->json);
    ctx_release(&m->ctx);
}

/* Tensors on their way to a file. */
struct tensors {
    struct tensor_values list[TENSORS_MAX];
    size_t n;
};

static void draw(struct made_model *m, const struct parameter *p, struct tensors *to) {
    float *v = ctx_alloc(&m->ctx, p->n, sizeof *v);
    assert_non_null(v);
    assert_true(to->n < TENSORS_MAX);
    assert_int_equal(untrained_find(&m->weights, &m->ctx, p, v), STATUS_OK);
    struct tensor_values *t = &to->list[to->n++];
    *t = (struct tensor_values){.name = p->name, .dtype = DTYPE_F32, .dims = p->dims, .values = v};
    memcpy(t->shape, p->shape, p->dims * sizeof *p->shape);
}

static void write_weights(struct made_model *m, const char *folder, const struct tensors *t) {
    struct buf file;
    char *path = ctx_alloc(&m->ctx, PATH_ROOM, 1);
    assert_non_null(path);
    snprintf(path, PATH_ROOM, "%sdiffusion_pytorch_model.safetensors", folder);
    buf_init(&file, MEMORY);
    safetensors_write(&file, t->list, t->n);
    assert_false(file.failed);
    made_files_put(&m->folder, path, file.data, file.n);
    buf_release(&file);
}

void made_model_network(struct made_model *m, const char *folder, const struct graph *g) {
    struct tensors *t = calloc(1, sizeof *t);
    const struct parameter *list;
    size_t n = graph_parameters(g, &list);
    assert_non_null(t);
    for (size_t i = 0; i < n; i++)
        draw(m, &list[i], t);
    write_weights(m, folder, t);
    free(t);
}

/* The constructor makes the encoder, the decoder, quant_conv and post_quant_conv. */
void made_model_autoencoder(struct made_model *m, const char *folder, const struct vae_config *c, bool encoder) {
    static const enum vae_part PARTS[] = {VAE_MOMENTS, VAE_DECODER, VAE_MOMENTS, VAE_DECODER};
    struct tensors *t = calloc(1, sizeof *t);
    assert_non_null(t);
    for (size_t k = 0; k < COUNT(PARTS); k++) {
        const struct parameter *list;
        struct graph *g;
        size_t before = t->n;
        assert_int_equal(vae_make(&m->ctx, &tensor_ref, c, PARTS[k], &g), STATUS_OK);
        size_t n = graph_parameters(g, &list);
        for (size_t i = 0; i < n; i++)
            if ((k >= 2) == (strstr(list[i].name, "quant_conv.") != NULL))
                draw(m, &list[i], t);
        if (PARTS[k] == VAE_MOMENTS && !encoder)
            t->n = before;
    }
    write_weights(m, folder, t);
    free(t);
}

void made_model_load(struct made_model *m) {
    struct error why;
    model_unload(m->loaded), model_unload(m->halved);
    m->halved = NULL;
    m->loaded = model_load(&m->folder.files, m->isa, GRAPH_F32, MEMORY, &why);
    if (!m->loaded)
        fail_msg("%s", why.detail);
    buf_clear(&m->json);
    model_describe(m->loaded, "made", DIGEST, &m->json);
}

/* -- Models -- */

void made_model_transformer(struct made_model *m) {
    struct dit_config c = dit_default();
    struct graph *g;
    c.sample_size = 16, c.patch_size = 4;
    c.num_layers = 2;
    c.attention_head_dim = 8, c.num_attention_heads = 2;
    c.out_channels = 8;
    made_files_text(
        &m->folder, "model_index.json",
        "{\"scheduler\":[\"diffusers\",\"DDIMScheduler\"],\"transformer\":[\"diffusers\",\"DiTTransformer2DModel\"]}");
    made_files_text(&m->folder, "transformer/config.json",
                    "{\"_class_name\":\"DiTTransformer2DModel\",\"activation_fn\":\"gelu-approximate\","
                    "\"attention_bias\":true,\"attention_head_dim\":8,\"dropout\":0.0,\"in_channels\":4,"
                    "\"norm_elementwise_affine\":false,\"norm_eps\":1e-05,\"norm_num_groups\":32,\"norm_type\":"
                    "\"ada_norm_zero\",\"num_attention_heads\":2,\"num_embeds_ada_norm\":1000,\"num_layers\":2,"
                    "\"out_channels\":8,\"patch_size\":4,\"sample_size\":16,\"upcast_attention\":false}");
    made_files_text(&m->folder, "scheduler/scheduler_config.json", "{\"_class_name\":\"DDIMScheduler\"}");
    assert_int_equal(dit_make(&m->ctx, &tensor_ref, &c, &g), STATUS_OK);
    made_model_network(m, "transformer/", g);
}

void made_model_dit(struct made_model *m) {
    const struct vae_config vae = vae_default();
    made_model_transformer(m);
    made_files_text(
        &m->folder, "model_index.json",
        "{\"_class_name\":\"DiTPipeline\",\"_diffusers_version\":\"0.42.1\",\"id2label\":{\"1\":\"goldfish, "
        "Carassius auratus\",\"0\":\"tench, Tinca tinca\",\"999\":\"toilet tissue\"},\"scheduler\":"
        "[\"diffusers\",\"DDIMScheduler\"],\"transformer\":[\"diffusers\",\"DiTTransformer2DModel\"],"
        "\"vae\":[\"diffusers\",\"AutoencoderKL\"]}");
    made_files_text(&m->folder, "vae/config.json", "{\"_class_name\":\"AutoencoderKL\",\"shift_factor\":null}");
    made_model_autoencoder(m, "vae/", &vae, true);
}

void made_model_flow(struct made_model *m) {
    struct unet_config c = network_tiny_unet();
    struct graph *g;
    c.in_channels = c.out_channels = 1;
    c.down_attention[1] = c.up_attention[0] = false;
    c.class_embed_type = UNET_CLASS_EMBEDDING;
    c.num_class_embeds = 4;
    made_files_text(&m->folder, "model_index.json",
                    "{\"unet\":[\"diffusers\",\"UNet2DModel\"],\"scheduler\":[\"diffusers\","
                    "\"FlowMatchEulerDiscreteScheduler\"]}");
    made_files_text(&m->folder, "unet/config.json",
                    "{\"_class_name\":\"UNet2DModel\",\"sample_size\":8,\"in_channels\":1,\"out_channels\":1,"
                    "\"block_out_channels\":[4,8],\"layers_per_block\":1,\"norm_num_groups\":4,\"num_class_embeds\":4,"
                    "\"_null_class\":3,\"down_block_types\":[\"DownBlock2D\",\"DownBlock2D\"],"
                    "\"up_block_types\":[\"UpBlock2D\",\"UpBlock2D\"]}");
    made_files_text(&m->folder, "scheduler/scheduler_config.json",
                    "{\"_class_name\":\"FlowMatchEulerDiscreteScheduler\",\"num_train_timesteps\":1000}");
    assert_int_equal(unet_make(&m->ctx, &tensor_ref, &c, &g), STATUS_OK);
    made_model_network(m, "unet/", g);
}

struct vae_config made_model_latent_config(void) {
    static const double mean[] = {0.25, -0.5}, std[] = {2, 0.5};
    struct vae_config c = vae_default();
    c.height = c.width = 8;
    c.in_channels = c.out_channels = 1;
    c.latent_channels = 2;
    c.levels = 2;
    c.block_out_channels[0] = 4;
    c.block_out_channels[1] = 8;
    c.norm_num_groups = 4;
    c.scaling_factor = 0.5;
    c.latents_mean = mean, c.latents_std = std;
    return c;
}

void made_model_latent(struct made_model *m, bool encoder) {
    struct unet_config c = network_tiny_unet();
    const struct vae_config vae = made_model_latent_config();
    struct graph *g;
    c.height = c.width = 4;
    c.in_channels = 2;
    c.out_channels = 2;
    made_files_text(&m->folder, "model_index.json",
                    "{\"unet\":[\"diffusers\",\"UNet2DModel\"],\"vae\":[\"diffusers\",\"AutoencoderKL\"],"
                    "\"scheduler\":[\"diffusers\",\"DDIMScheduler\"]}");
    made_files_text(&m->folder, "unet/config.json",
                    "{\"_class_name\":\"UNet2DModel\",\"sample_size\":4,\"in_channels\":2,\"out_channels\":2,"
                    "\"block_out_channels\":[4,8],\"layers_per_block\":1,\"norm_num_groups\":4,"
                    "\"down_block_types\":[\"DownBlock2D\",\"AttnDownBlock2D\"],"
                    "\"up_block_types\":[\"AttnUpBlock2D\",\"UpBlock2D\"]}");
    made_files_text(&m->folder, "vae/config.json",
                    "{\"_class_name\":\"AutoencoderKL\",\"in_channels\":1,\"out_channels\":1,\"latent_channels\":2,"
                    "\"down_block_types\":[\"DownEncoderBlock2D\",\"DownEncoderBlock2D\"],\"up_block_types\":"
                    "[\"UpDecoderBlock2D\",\"UpDecoderBlock2D\"],\"block_out_channels\":[4,8],\"norm_num_groups\":4,"
                    "\"sample_size\":256,\"scaling_factor\":0.5,\"latents_mean\":[0.25,-0.5],\"latents_std\":[2,0.5]}");
    made_files_text(&m->folder, "scheduler/scheduler_config.json",
                    "{\"_class_name\":\"DDIMScheduler\",\"clip_sample\":false}");
    assert_int_equal(unet_make(&m->ctx, &tensor_ref, &c, &g), STATUS_OK);
    made_model_network(m, "unet/", g);
    made_model_autoencoder(m, "vae/", &vae, encoder);
}

void made_model_mlp(struct made_model *m) {
    struct mlp_config c = mlp_default();
    struct graph *g;
    c.hidden_size = 32;
    c.num_blocks = 1;
    c.time_size = 16;
    c.num_classes = 2;
    made_files_text(&m->folder, "config.json",
                    "{\"_class_name\":\"MLP\",\"features\":2,\"hidden_size\":32,\"num_blocks\":1,\"time_size\":16,"
                    "\"num_classes\":2}");
    made_files_text(&m->folder, "scheduler_config.json", "{\"_class_name\":\"FlowMatchEulerDiscreteScheduler\"}");
    assert_int_equal(mlp_make(&m->ctx, &tensor_ref, &c, &g), STATUS_OK);
    made_model_network(m, "", g);
}

void made_model_source(struct made_model *m, const float *points, size_t n, size_t dims, const size_t *shape) {
    struct buf b;
    buf_init(&b, 1 << 20);
    source_file_write(points, n, dims, shape, &b);
    made_files_put(&m->folder, SOURCE_FILE, b.data, b.n);
    buf_release(&b);
}

/* -- Calls -- */

/* run writes the answer of a decoded call, as a stream where a type is asked for. */
static enum status run(struct made_model *m, struct call *call, struct buf *out) {
    enum media media = MEDIA_JSON;
    enum status status = m->accept ? call_media(call, m->accept, &media) : STATUS_OK;
    if (status == STATUS_OK && m->accept && media != MEDIA_PNG) {
        struct sink sink = {.out = *out, .full = SIZE_MAX};
        status = call_stream(call, media, &sink);
        *out = sink.out;
        return status;
    }
    if (status == STATUS_OK)
        status = call_run(call);
    return status == STATUS_OK ? call_encode(call, media, out) : status;
}

struct buf made_model_bytes(struct made_model *m, const char *route, const char *body, int *http) {
    struct call call;
    struct buf out;
    if (!m->loaded)
        made_model_load(m);
    struct parallel parallel = test_threads(m->threads);
    m->host.isa = m->isa;
    buf_init(&out, SIZE_MAX / 2);
    call_init(&call, test_endpoint("POST", route), &m->host);
    call.ctx.parallel = &parallel;
    call.request = (struct request){.query = "", .body = body, .n = strlen(body)};
    if (call_decode(&call) != STATUS_OK || run(m, &call, &out) != STATUS_OK) {
        buf_clear(&out);
        call_problem(&call, "test", &out);
    }
    *http = call.http;
    call_release(&call);
    return out;
}

char *made_model_post(struct made_model *m, const char *route, const char *body, int *http) {
    struct buf out = made_model_bytes(m, route, body, http);
    buf_byte(&out, '\0');
    return out.data;
}

void made_model_refused(struct made_model *m, const char *route, const char *body, const char *pointer,
                        const char *words) {
    int http;
    char *text = made_model_post(m, route, body, &http);
    if (http != 422 || !strstr(text, pointer) || !strstr(text, words))
        fail_msg("%s: %d %s", body, http, text);
    free(text);
}

char *made_model_answer(struct made_model *m, const char *route, const char *body) {
    int http;
    char *text = made_model_post(m, route, body, &http);
    if (http != 200)
        fail_msg("%s: %d %s", body, http, text);
    return text;
}

json_t *made_model_json(struct made_model *m, const char *route, const char *body) {
    char *text = made_model_answer(m, route, body);
    json_t *answer = json_loads(text, 0, NULL);
    assert_non_null(answer);
    free(text);
    return answer;
}

static enum status keep_files(struct model_store *store, struct ctx *ctx, struct str name,
                              const struct model_file *files, size_t n, bool replace) {
    struct made_model *m = (struct made_model *)store;
    (void)ctx, (void)name, (void)replace;
    for (size_t i = 0; i < n; i++)
        made_files_put(&m->folder, files[i].path, files[i].p, files[i].n);
    return STATUS_OK;
}

void made_model_keep(struct made_model *m) { m->store.put = keep_files; }

void made_model_learn(struct made_model *m, const char *request) {
    struct call call;
    made_model_keep(m);
    m->host.isa = m->isa;
    call_init(&call, test_endpoint("POST", "/v1/models"), &m->host);
    call.request = (struct request){.query = "", .body = request, .n = strlen(request)};
    if (call_decode(&call) != STATUS_OK || call_run(&call) != STATUS_OK)
        fail_msg("%s", call.errors[0].detail);
    call_release(&call);
    made_model_load(m);
}

void made_model_numbers(const char *answer, const char *key, double *x, size_t n) {
    const char *p = strstr(answer, key);
    assert_non_null(p);
    char *at = (char *)(uintptr_t)p + strlen(key);
    for (size_t i = 0; i < n; i++) {
        while (*at == ',' || *at == '[' || *at == ']')
            at++;
        x[i] = strtod(at, &at);
    }
}
