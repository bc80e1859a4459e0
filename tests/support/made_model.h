/* made_model.h - models of any kind with untrained weights (untrained.h) as folders in memory, loaded, and a host that
 * knows them by name.
 *
 *     struct made_model m;
 *     made_model_begin(&m);                        the random numbers of torch.manual_seed(0)
 *     made_files_text(&m.folder, "config.json", ...);
 *     made_model_network(&m, "", graph);           draws its weights and writes their file
 *     char *text = made_model_post(&m, "/v1/sample", "{\"model\":\"made\"}", &http);
 *     made_model_end(&m); */
#ifndef SOLVENT_TEST_MADE_MODEL_H
#define SOLVENT_TEST_MADE_MODEL_H

#include <jansson.h>

#include "core/nn/vae.h"
#include "handlers/call.h"
#include "handlers/model_load.h"
#include "handlers/model_store.h"
#include "tests/support/made_files.h"
#include "tests/support/untrained.h"

struct made_model {
    struct model_store store; /* first: a store pointer is a made_model pointer */
    struct ctx ctx;
    struct made_files folder;
    struct untrained weights;
    struct loaded_model *loaded; /* by the first call, under the name "made" */
    struct loaded_model *halved; /* the same for products of bfloat16, by the first call that wants it */
    struct buf json;
    struct host host;   /* test_host with that store, which has the models of test_host, too; without a clock: */
    int64_t clock_ns;   /* made_model_clock: a tenth of a millisecond passes at each look */
    const char *accept; /* of answers, in pieces but for image/png; NULL: JSON, in one piece */
    size_t threads;     /* of calls; 1 */
    enum isa isa;       /* of calls and of the loaded model: ref */
};

void made_model_begin(struct made_model *m);
void made_model_end(struct made_model *m);

/* made_model_network and made_model_autoencoder draw weights in the order of the constructors of diffusers, and write
 * the files in the folder ("" or "vae/"); of the decoder alone, without the encoder. */
void made_model_network(struct made_model *m, const char *folder, const struct graph *g);
void made_model_autoencoder(struct made_model *m, const char *folder, const struct vae_config *c, bool encoder);

/* made_model_load loads the folder as it is by now; fails the test with the reason where it cannot be. */
void made_model_load(struct made_model *m);

/* made_model_dit is a DiTPipeline of 16 x 16 latents, 4 channels, 1000 classes, that of diffusers' pipeline tests;
 * its pictures have 3 channels of 16 x 16 pixels; made_model_transformer is that without the autoencoder, so that its
 * samples are the latents. made_model_flow is a UNet2DModel of 8 x 8 pixels and 3 classes,
 * made_model_mlp an MLP of 2 features and 2 classes, both trained, as they say, by flow matching. made_model_latent is
 * a UNet2DModel of 4 x 4 latents, 2 channels, whose pictures have 1 channel of 8 x 8 pixels; `encoder` as above. */
void made_model_dit(struct made_model *m);
void made_model_transformer(struct made_model *m);
void made_model_flow(struct made_model *m);
void made_model_mlp(struct made_model *m);
void made_model_latent(struct made_model *m, bool encoder);
/* made_model_latent_config is the autoencoder of the last. */
struct vae_config made_model_latent_config(void);

/* made_model_source gives the folder points that its flow starts from (source_file.h). */
void made_model_source(struct made_model *m, const float *points, size_t n, size_t dims, const size_t *shape);

/* made_model_clock gives the host a clock. */
void made_model_clock(struct made_model *m);

/* made_model_post is test_post with this host; the text is malloc'ed. made_model_answer wants 200;
 * made_model_json reads that answer, to be released by json_decref. made_model_bytes gives what may be a picture, to be
 * released. made_model_refused wants 422, and both texts in it. */
struct buf made_model_bytes(struct made_model *m, const char *route, const char *body, int *http);
char *made_model_post(struct made_model *m, const char *route, const char *body, int *http);
char *made_model_answer(struct made_model *m, const char *route, const char *body);
void made_model_refused(struct made_model *m, const char *route, const char *body, const char *pointer,
                        const char *words);
json_t *made_model_json(struct made_model *m, const char *route, const char *body);

/* made_model_keep lets /v1/models put a model into the folder, whatever its name; made_model_learn asks it for one, and
 * loads that. */
void made_model_keep(struct made_model *m);
void made_model_learn(struct made_model *m, const char *request);

/* made_model_numbers reads n numbers behind `key` in an answer: "\"samples\":[[". */
void made_model_numbers(const char *answer, const char *key, double *x, size_t n);

#endif
