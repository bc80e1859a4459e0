#include "tests/support/coins.h"

#include <pthread.h>

#include "core/nn/mlp.h"
#include "core/tensor/tensor.h"
#include "handlers/model_request.h"
#include "tests/support/test.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct loaded_model *model;
static struct buf description;

static const char CONFIG[] = "{\"_class_name\":\"MLP\",\"features\":5,\"hidden_size\":4,\"num_blocks\":1,"
                             "\"time_size\":2,\"num_classes\":2,\"given\":true}";
static const char SCHEDULER[] = "{\"_class_name\":\"FlowMatchEulerDiscreteScheduler\",\"shift\":1.0}";
static const char TABLE[] =
    "{\"rows\":9,\"label\":\"side\",\"counts\":[6,3],\"joint\":true,\"choices\":true,\"columns\":["
    "{\"name\":\"side\",\"kind\":\"categorical\",\"gaps\":false,\"categories\":[\"heads\",\"tails\"]},"
    "{\"name\":\"weight\",\"kind\":\"numeric\",\"gaps\":false,\"low\":4.9,\"high\":5.3,\"mean\":5.1,\"std\":0.1,"
    "\"decimals\":1},"
    "{\"name\":\"thrown\",\"kind\":\"integer\",\"gaps\":true,\"low\":0,\"high\":90,\"mean\":40,\"std\":20,"
    "\"decimals\":0}]}";

static void put_weights(struct made_files *folder) {
    struct mlp_config c = mlp_default();
    const struct parameter *list;
    struct tensor_values tensors[32] = {0};
    static const float zeros[64];
    struct graph *g;
    struct ctx ctx;
    struct buf file;
    c.features = 5, c.given = true, c.hidden_size = 4, c.num_blocks = 1, c.time_size = 2, c.num_classes = 2;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(mlp_make(&ctx, &tensor_ref, &c, &g), STATUS_OK);
    const size_t n = graph_parameters(g, &list);
    assert_true(n <= COUNT(tensors));
    for (size_t i = 0; i < n; i++) {
        assert_true(list[i].n <= COUNT(zeros));
        tensors[i] =
            (struct tensor_values){.name = list[i].name, .dtype = DTYPE_F32, .dims = list[i].dims, .values = zeros};
        memcpy(tensors[i].shape, list[i].shape, list[i].dims * sizeof *list[i].shape);
    }
    buf_init(&file, 1 << 20);
    safetensors_write(&file, tensors, n);
    made_files_put(folder, "diffusion_pytorch_model.safetensors", file.data, file.n);
    buf_release(&file);
    ctx_release(&ctx);
}

void coins_files(struct made_files *folder) {
    made_files_text(folder, "config.json", CONFIG);
    made_files_text(folder, "scheduler_config.json", SCHEDULER);
    made_files_text(folder, TABLE_FILE, TABLE);
    put_weights(folder);
}

static void make(void) {
    static struct made_files folder;
    struct error why;
    made_files_init(&folder);
    coins_files(&folder);
    model = model_load(&folder.files, ISA_REF, GRAPH_F32, 1 << 20, &why);
    if (!model)
        fail_msg("%s", why.detail);
    buf_init(&description, 1 << 16);
    model_describe(model, "coins", "c01n5", &description);
}

const struct loaded_model *coins_model(struct str *json) {
    pthread_once(&once, make);
    *json = (struct str){description.data, description.n};
    return model;
}
