#include "handlers/plot_request.h"

#include <math.h>
#include <stdio.h>

#include "core/base/elementary.h"
#include "core/diffusion/likelihood.h"

enum { WIDTH = 640, HEIGHT = 600, SIDE_MAX = 2048, LINES = 100, LINES_MAX = 10000, SCALE_MAX = 64, COLUMNS_MAX = 1024 };
enum { SHEET_SIDE = 280 }; /* images are enlarged to fill about so many pixels each, all together twice that */
enum { CELLS_LEAST = 24 };
static const double DENSITY_NS = 2e8, FARTHEST = 1e100;

#define PLOT_INT(member, text, low, high)                                                               \
    FIELD(struct plot_params, member, INT, text, .present = offsetof(struct plot_params, has_##member), \
          FIELD_INTS(low, high))
#define PLOT_PAIR(member, text)                                                                        \
    FIELD(struct plot_params, member, ARRAY, text, .kinds = KIND_REAL, .min_items = 2, .max_items = 2, \
          FIELD_REALS(-1e9, 1e9))

const struct field plot_fields[] = {
    PLOT_INT(width, "Samples of one or two numbers: the pixels from left to right; default 640.", PLOT_MIN, SIDE_MAX),
    PLOT_INT(height, "The pixels from top to bottom; default 600.", PLOT_MIN, SIDE_MAX),
    PLOT_PAIR(x_range, "The least and the greatest first number that are shown; absent: all samples are, and the "
                       "model's data where its density is drawn."),
    PLOT_PAIR(y_range, "The same for the second number; of samples of one number, for the density."),
    FIELD(struct plot_params, density, BOOL,
          "Whether the density that the model (or its `class`) says is drawn: behind the samples, darker where the "
          "density's root is greater; as a curve over the bars of samples of one number. Default: where the model has "
          "one; points without a bandwidth have none.",
          .present = offsetof(struct plot_params, has_density)),
    PLOT_INT(lines, "With trajectory: the ways of so many samples, the first ones, are drawn as lines; default 100.", 0,
             LINES_MAX),
    FIELD(struct plot_params, image_shape, ARRAY,
          "Samples that are images: [channels, height, width], of 1 or 3 channels. The picture is a sheet of them.",
          .kinds = KIND_INT, .min_items = 3, .max_items = 3, FIELD_INTS(1, 65536)),
    PLOT_PAIR(value_range, "With image_shape: the numbers of black and white; default -1 and 1."),
    PLOT_INT(columns, "With image_shape: how many images stand side by side; default: the sheet is about square.", 1,
             COLUMNS_MAX),
    PLOT_INT(scale, "With image_shape: how many pixels wide and high each pixel is drawn; default: by the size.", 1,
             SCALE_MAX),
    {0}};

static enum status check_pair(struct ctx *ctx, const struct array *pair, const char *name) {
    const double *v = pair->reals;
    char pointer[32];
    if (!pair->kind || v[1] - v[0] > 1e-9 * fmax(1e-50, fmax(fabs(v[0]), fabs(v[1]))))
        return STATUS_OK;
    snprintf(pointer, sizeof pointer, "/plot/%s", name);
    return ctx_fail(ctx, STATUS_INVALID, pointer,
                    "plot.%s is from %.9g to %.9g, want the second number greater than the first, by a billionth of it "
                    "at least.",
                    name, v[0], v[1]);
}

/* misplaced names a member that belongs to the other kind of picture; NULL: none. */
static const char *misplaced(const struct plot_params *p) {
    if (p->image_shape.kind)
        return p->has_width      ? "width"
               : p->has_height   ? "height"
               : p->x_range.kind ? "x_range"
               : p->y_range.kind ? "y_range"
               : p->has_density  ? "density"
               : p->has_lines    ? "lines"
                                 : NULL;
    return p->value_range.kind ? "value_range" : p->has_columns ? "columns" : p->has_scale ? "scale" : NULL;
}

/* sheet_of settles what a sheet looks like. */
static struct plot_sheet sheet_of(const struct plot_params *p, const double *samples, size_t count) {
    const int64_t *shape = p->image_shape.ints;
    struct plot_sheet s = {samples, count, (size_t)shape[0], (size_t)shape[1], (size_t)shape[2], -1, 1, 1, 1};
    if (p->value_range.kind)
        s.black = p->value_range.reals[0], s.white = p->value_range.reals[1];
    if (p->has_columns)
        s.columns = (size_t)p->columns;
    while (!p->has_columns && s.columns * s.columns * s.width < count * s.height)
        s.columns++;
    size_t side = s.width > s.height ? s.width : s.height, rows = (count + s.columns - 1) / s.columns;
    size_t most = rows > s.columns ? rows : s.columns;
    size_t room = 2 * SHEET_SIDE / (most < 2 ? 2 : most);
    s.scale = p->has_scale ? (size_t)p->scale : room > side ? room / side : 1;
    if (s.scale > SCALE_MAX)
        s.scale = SCALE_MAX;
    return s;
}

static enum status check_sheet(struct ctx *ctx, const struct plot_params *p, size_t count, size_t d) {
    const int64_t *shape = p->image_shape.ints;
    if ((shape[0] != 1 && shape[0] != 3) || (size_t)(shape[0] * shape[1] * shape[2]) != d)
        return ctx_fail(ctx, STATUS_INVALID, "/plot/image_shape",
                        "plot.image_shape is [%lld, %lld, %lld], want 1 or 3 channels and %zu numbers in all, as a "
                        "sample has.",
                        (long long)shape[0], (long long)shape[1], (long long)shape[2], d);
    size_t width, height;
    const struct plot_sheet sheet = sheet_of(p, NULL, count);
    plot_sheet_size(&sheet, &width, &height);
    if (width > CANVAS_MAX || height > CANVAS_MAX)
        return ctx_fail(ctx, STATUS_TOO_LARGE, "/count",
                        "The picture would have %zu times %zu pixels, want at most %d a side: fewer samples, or a "
                        "smaller plot.scale.",
                        width, height, CANVAS_MAX);
    return STATUS_OK;
}

enum status plot_check(struct ctx *ctx, const struct plot_params *p, size_t count, size_t d, bool trajectory) {
    const char *other = misplaced(p);
    char pointer[32];
    snprintf(pointer, sizeof pointer, "/plot/%s", other ? other : "");
    if (other)
        return ctx_fail(ctx, STATUS_INVALID, pointer, "plot.%s is for %s; want the one or the other.", other,
                        p->image_shape.kind ? "samples in the plane, and image_shape says that these are images"
                                            : "images, and there is no plot.image_shape");
    enum status status = check_pair(ctx, &p->x_range, "x_range");
    if (status == STATUS_OK)
        status = check_pair(ctx, &p->y_range, "y_range");
    if (status == STATUS_OK)
        status = check_pair(ctx, &p->value_range, "value_range");
    if (status != STATUS_OK)
        return status;
    if (p->image_shape.kind)
        return check_sheet(ctx, p, count, d);
    if (p->has_lines && !trajectory)
        return ctx_fail(ctx, STATUS_INVALID, "/plot/lines", "plot.lines draws the trajectory; want trajectory, too.");
    if (d == 1 && trajectory)
        return ctx_fail(ctx, STATUS_INVALID, "/trajectory",
                        "A picture of samples of one number shows how many lie where, and no trajectory; want it "
                        "without, or application/json.");
    if (d > 2)
        return ctx_fail(ctx, STATUS_INVALID, "/model",
                        "A picture shows samples of one or two numbers, or images of plot.image_shape; these have %zu "
                        "numbers each. Want another model, or application/json.",
                        d);
    return STATUS_OK;
}

/* -- Drawing -- */

/* cells_of gives the cells of a density's grid: one for two pixels, or as many as may be computed. */
static void cells_of(const struct denoiser *denoiser, struct plot_in *in) {
    double frame[4], most = sqrt(DENSITY_NS / (denoiser->cost + 100));
    plot_frame(in, frame);
    most = fmax(most, CELLS_LEAST);
    in->columns = (size_t)fmin((frame[2] - frame[0]) / 2, most);
    in->rows = (size_t)fmin((frame[3] - frame[1]) / 2, most);
}

static enum status density_of(struct ctx *ctx, const struct denoiser *denoiser, struct plot_in *in) {
    cells_of(denoiser, in);
    const size_t n = in->rows * in->columns;
    const struct plot_range *r = &in->range;
    const struct path_point data = {.t = 0, .alpha = 1, .sigma = 0, .k = 0};
    double *at = ctx_alloc(ctx, n, 2 * sizeof *at), *log_density = ctx_alloc(ctx, n, sizeof *log_density);
    if (!at || !log_density)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const size_t row = i / in->columns, column = i % in->columns;
        at[2 * i] = r->x0 + ((double)column + 0.5) / (double)in->columns * (r->x1 - r->x0);
        at[2 * i + 1] = r->y1 - ((double)row + 0.5) / (double)in->rows * (r->y1 - r->y0);
    }
    enum status status = likelihood_density(ctx, denoiser, &data, at, n, log_density);
    double most = -INFINITY;
    for (size_t i = 0; status == STATUS_OK && i < n; i++)
        most = fmax(most, log_density[i]);
    for (size_t i = 0; status == STATUS_OK && i < n; i++)
        log_density[i] = isfinite(most) ? elementary_exp(log_density[i] - most) : 0;
    in->density = status == STATUS_OK ? log_density : NULL;
    return status;
}

/* curve_of is the density along the line. */
static enum status curve_of(struct ctx *ctx, const struct denoiser *denoiser, struct plot_in *in) {
    const struct path_point data = {.t = 0, .alpha = 1, .sigma = 0, .k = 0};
    double frame[4];
    plot_frame(in, frame);
    const size_t n = (size_t)fmin(frame[2] - frame[0], fmax(DENSITY_NS / (denoiser->cost + 100), CELLS_LEAST));
    double *at = ctx_alloc(ctx, n, sizeof *at), *density = ctx_alloc(ctx, n, sizeof *density);
    if (!at || !density)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        at[i] = in->range.x0 + ((double)i + 0.5) / (double)n * (in->range.x1 - in->range.x0);
    enum status status = likelihood_density(ctx, denoiser, &data, at, n, density);
    for (size_t i = 0; status == STATUS_OK && i < n; i++)
        density[i] = elementary_exp(density[i]);
    in->columns = n;
    in->density = status == STATUS_OK ? density : NULL;
    return status;
}

/* model_of finds the model itself, whatever guides or bounds the samples, if its density is to be drawn; else NULL. */
static enum status model_of(struct call *call, const struct plot_params *p, const struct plot_job *job,
                            const struct denoiser **out) {
    *out = NULL;
    if (p->has_density && !p->density)
        return STATUS_OK;
    if (model_is_network(job->model))
        return !p->has_density ? STATUS_OK
                               : ctx_fail(&call->ctx, STATUS_INVALID, "/plot/density",
                                          "Nobody knows the density of a network; want no plot.density.");
    enum status status = model_make(call, job->model, job->of, out);
    if (status != STATUS_OK || ((*out)->gives & EACH_DENSITY && (*out)->smooth))
        return status;
    *out = NULL;
    if (!p->has_density)
        return STATUS_OK;
    return ctx_fail(&call->ctx, STATUS_INVALID, "/plot/density",
                    "This model has no density: its data lie on points or lines; want a bandwidth, or plot.density "
                    "false.");
}

static enum status add_density(struct call *call, const struct denoiser *model, struct plot_in *in) {
    enum status status = model->d == 1 ? curve_of(&call->ctx, model, in) : density_of(&call->ctx, model, in);
    if (status != STATUS_TIMED_OUT)
        return status;
    call->partial = true;
    return STATUS_OK;
}

/* -- The range -- */

/* widen lets the range show where the model's data are, by some of them. */
static enum status widen(struct ctx *ctx, const struct denoiser *model, struct plot_range *range) {
    enum { DRAWN = 256 };
    const struct mixture_truth *truth;
    enum status status = mixture_truth_make(ctx, model, &truth);
    const size_t d = model->d;
    double *drawn = ctx_alloc(ctx, DRAWN + 1, d * sizeof *drawn);
    if (status != STATUS_OK || !drawn)
        return STATUS_NO_MEMORY;
    struct plot_range other = *range;
    mixture_truth_draw(truth, 0, 0, 0, DRAWN, drawn, drawn + d * DRAWN);
    if (d == 1)
        plot_span_of(drawn, DRAWN, &other.x0, &other.x1);
    else
        plot_range_of(drawn, DRAWN, NULL, 0, &other);
    *range = (struct plot_range){fmin(range->x0, other.x0), fmax(range->x1, other.x1), fmin(range->y0, other.y0),
                                 fmax(range->y1, other.y1)};
    return STATUS_OK;
}

/* On a line y stays open. */
static enum status range_of(struct ctx *ctx, const struct plot_params *p, const struct denoiser *model, size_t d,
                            struct plot_in *in) {
    struct plot_range *r = &in->range;
    if (d == 1)
        plot_span_of(in->samples, in->count, &r->x0, &r->x1);
    else
        plot_range_of(in->samples, in->count, in->states, in->states && in->lines ? in->points * in->count : 0, r);
    enum status status = model ? widen(ctx, model, r) : STATUS_OK;
    if (p->x_range.kind)
        r->x0 = p->x_range.reals[0], r->x1 = p->x_range.reals[1];
    if (p->y_range.kind)
        r->y0 = p->y_range.reals[0], r->y1 = p->y_range.reals[1];
    return status;
}

static enum status check_extent(struct ctx *ctx, const struct plot_range *r) {
    double most = fmax(fmax(fabs(r->x0), fabs(r->x1)), fmax(fabs(r->y0), fabs(r->y1)));
    if (most <= FARTHEST)
        return STATUS_OK;
    return ctx_fail(ctx, STATUS_INVALID, "/plot",
                    "The samples lie too far out to be drawn, beyond %g; want x_range and "
                    "y_range.",
                    FARTHEST);
}

static enum status draw_plot(struct call *call, const struct plot_params *p, const struct plot_job *job,
                             struct canvas *canvas) {
    struct ctx *ctx = &call->ctx;
    const size_t lines = (size_t)(p->has_lines ? p->lines : LINES);
    struct plot_in in = {
        .width = (size_t)(p->has_width ? p->width : WIDTH),
        .height = (size_t)(p->has_height ? p->height : HEIGHT),
        .samples = job->samples,
        .count = job->count,
        .states = job->trajectory,
        .points = job->points,
        .lines = lines < job->count ? lines : job->count,
    };
    const struct denoiser *model;
    enum status status = model_of(call, p, job, &model);
    if (status == STATUS_OK)
        status = range_of(ctx, p, model, job->d, &in);
    if (status == STATUS_OK)
        status = check_extent(ctx, &in.range);
    if (status == STATUS_OK && model)
        status = add_density(call, model, &in);
    if (status != STATUS_OK)
        return status;
    return job->d == 1 ? plot_draw_bars(ctx, &in, canvas) : plot_draw_plane(ctx, &in, canvas);
}

enum status plot_draw(struct call *call, const struct plot_params *p, const struct plot_job *job,
                      const struct canvas **out) {
    struct canvas *canvas = ctx_alloc(&call->ctx, 1, sizeof *canvas);
    if (!canvas)
        return STATUS_NO_MEMORY;
    *out = canvas;
    if (!p->image_shape.kind)
        return draw_plot(call, p, job, canvas);
    const struct plot_sheet sheet = sheet_of(p, job->samples, job->count);
    return plot_draw_sheet(&call->ctx, &sheet, canvas);
}

static double pixels_of(const struct plot_params *p) {
    return (double)(p->has_width ? p->width : WIDTH) * (double)(p->has_height ? p->height : HEIGHT);
}

double plot_cost(const struct plot_params *p, size_t count) {
    return p->image_shape.kind ? 60 * (double)count * (double)p->image_shape.n
                               : 50 * pixels_of(p) + 120 * (double)count;
}

double plot_density_cost(const struct plot_params *p) { return p->image_shape.kind ? 0 : 100 * pixels_of(p); }
