#include "handlers/dataset.h"

#include <math.h>
#include <png.h>

#include "core/base/buf.h"
#include "handlers/npy.h"
#include "tests/support/test.h"

enum { FILES_MAX = 4 };

/* Files in blocks of their size, and what is read of them. */
struct fixture {
    struct ctx ctx;
    struct data_file files[FILES_MAX], labels;
    size_t n;
    bool has_labels;
    const char *label_column, *categorical;
    enum dataset_kind kind;
    struct dataset out;
};

static void *copy_of(const void *p, size_t n) {
    void *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    return memcpy(copy, p, n);
}

static void add(struct fixture *f, const char *name, const void *p, size_t n) {
    f->files[f->n++] = (struct data_file){name, copy_of(p, n), n};
}

static void add_labels(struct fixture *f, const char *name, const void *p, size_t n) {
    f->labels = (struct data_file){name, copy_of(p, n), n};
    f->has_labels = true;
}

static void release(struct fixture *f) {
    for (size_t i = 0; i < f->n; i++)
        free((void *)(uintptr_t)f->files[i].p);
    free((void *)(uintptr_t)f->labels.p);
    ctx_release(&f->ctx);
    *f = (struct fixture){0};
}

static enum status read_with(struct fixture *f, size_t fail_after) {
    const struct dataset_in in = {.files = f->files,
                                  .n = f->n,
                                  .labels = f->has_labels ? &f->labels : NULL,
                                  .label_column = f->label_column ? f->label_column : "",
                                  .kind = f->kind,
                                  .categorical = f->categorical,
                                  .joint = true};
    ctx_init(&f->ctx, 64 << 20);
    f->ctx.fail_after = fail_after;
    return dataset_read(&f->ctx, &in, &f->out);
}

static void good(struct fixture *f) {
    if (read_with(f, SIZE_MAX))
        fail_msg("%s", f->ctx.err.detail);
}

static void bad(struct fixture *f, const char *sentence) {
    assert_int_not_equal(read_with(f, SIZE_MAX), STATUS_OK);
    if (strcmp(f->ctx.err.detail, sentence) != 0)
        fail_msg("is: %s\nwant: %s", f->ctx.err.detail, sentence);
    release(f);
}

/* starves reads the same with each allocation failing in turn, and leaves what was read last. */
static void starves(struct fixture *f, size_t at_least) {
    for (size_t after = 0;; after++) {
        ctx_release(&f->ctx);
        enum status status = read_with(f, after);
        if (status == STATUS_OK) {
            assert_true(after >= at_least);
            return;
        }
        assert_int_equal(status, STATUS_NO_MEMORY);
    }
}

static const unsigned char IMAGES[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 204};
static const unsigned char LABELS[] = {0, 0, 8, 1, 0, 0, 0, 2, 3, 1};

/* -- IDX and NPY -- */

static void images_and_labels_of_idx(void **state) {
    (void)state;
    struct fixture f = {0};
    add(&f, "images", IMAGES, sizeof IMAGES);
    add_labels(&f, "labels", LABELS, sizeof LABELS);
    good(&f);
    assert_true(f.out.images && f.out.height == 1 && f.out.width == 2 && f.out.channels == 1);
    assert_true(f.out.data.n == 2 && f.out.data.d == 2 && !f.out.data.rows && !f.out.mean);
    assert_memory_equal(f.out.data.bytes, IMAGES + 16, 4);
    assert_true(f.out.classes == 4 && f.out.data.labels[0] == 3 && f.out.data.labels[1] == 1);
    starves(&f, 1);
    release(&f);
}

static size_t npy(struct array a, unsigned char *to) {
    struct buf b;
    buf_init(&b, 1 << 20);
    npy_write(&b, &a);
    assert_false(b.failed);
    memcpy(to, b.data, b.n);
    size_t n = b.n;
    buf_release(&b);
    return n;
}

static void rows_of_npy_are_scaled(void **state) {
    (void)state;
    struct fixture f = {0};
    unsigned char file[1024];
    double numbers[] = {1, 7, 10, 3, 7, 30, 5, 7, 20};
    struct array a = {.kind = KIND_REAL, .dims = 2, .shape = {3, 3}, .n = 9, .reals = numbers};
    add(&f, "rows.npy", file, npy(a, file));
    good(&f);
    assert_true(!f.out.images && f.out.channels == 3 && f.out.data.n == 3 && f.out.data.d == 3 && !f.out.classes);
    for (size_t j = 0; j < 3; j++)
        for (size_t i = 0; i < 3; i++)
            assert_true(fabs(f.out.mean[j] + f.out.std[j] * (double)f.out.data.rows[3 * i + j] - numbers[3 * i + j]) <
                        1e-5);
    assert_true(fabs(f.out.mean[0] - 3) < 1e-12 && fabs(f.out.std[0] - sqrt(8.0 / 3)) < 1e-12);
    assert_true(fabs((double)f.out.data.rows[0] + sqrt(1.5)) < 1e-6);
    starves(&f, 4);
    release(&f);
}

static void rows_of_extremes(void **state) {
    (void)state;
    struct fixture f = {0};
    unsigned char file[1024];
    double numbers[] = {5, 1e-300, 5, 2e-300};
    struct array a = {.kind = KIND_REAL, .dims = 2, .shape = {2, 2}, .n = 4, .reals = numbers};
    add(&f, "rows.npy", file, npy(a, file));
    good(&f);
    assert_true(f.out.std[0] == 1 && f.out.mean[0] == 5 && f.out.std[1] == 1 && f.out.data.rows[0] == 0);
    release(&f);
    numbers[1] = 1e31;
    add(&f, "rows.npy", file, npy(a, file));
    bad(&f, "Column 2 has numbers beyond 1e30.");
}

static void images_of_npy(void **state) {
    (void)state;
    struct fixture f = {0};
    unsigned char file[1024];
    int64_t pixels[] = {0, 255, 51, 204, 1, 2};
    struct array a = {.kind = KIND_INT, .dims = 3, .shape = {1, 3, 2}, .n = 6, .ints = pixels};
    add(&f, "images.npy", file, npy(a, file));
    good(&f);
    assert_true(f.out.images && f.out.height == 3 && f.out.width == 2 && f.out.data.bytes[1] == 255);
    release(&f);
    pixels[3] = 256;
    add(&f, "images.npy", file, npy(a, file));
    bad(&f, "images.npy has 256 as its element 3; want integers of 0 to 255.");
    double levels[] = {0, 255, 51, 204, 1, 2};
    a = (struct array){.kind = KIND_REAL, .dims = 3, .shape = {1, 3, 2}, .n = 6, .reals = levels};
    add(&f, "images.npy", file, npy(a, file));
    good(&f);
    assert_true(f.out.images && f.out.data.bytes[3] == 204);
    release(&f);
    levels[3] = 0.5;
    add(&f, "images.npy", file, npy(a, file));
    bad(&f, "images.npy has 0.5 as its element 3; want integers of 0 to 255.");
}

/* Bytes of NPY are pixels where they lie: three images of 2 x 1 in colour. */
static void colour_images_of_npy(void **state) {
    (void)state;
    static const char HEADER[] = "\x93NUMPY\1\0v\0{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 1, 3), }";
    enum { START = 128, BYTES = 18 };
    struct fixture f = {0};
    unsigned char file[START + BYTES];
    memset(file, ' ', START);
    memcpy(file, HEADER, sizeof HEADER - 1);
    for (size_t i = 0; i < BYTES; i++)
        file[START + i] = (unsigned char)(10 * i);
    add(&f, "images.npy", file, sizeof file);
    good(&f);
    assert_true(f.out.images && f.out.height == 2 && f.out.width == 1 && f.out.channels == 3 && f.out.data.n == 3);
    assert_memory_equal(f.out.data.bytes, file + START, BYTES);
    release(&f);
    add(&f, "images.txt", "P6", 2);
    bad(&f,
        "images.txt is neither IDX (two zero bytes and a type at its start) nor NPY (\\x93NUMPY); a table is known by "
        "its name, .csv or .tsv, and a picture by .png.");
}

static void arrays_that_do_not_fit(void **state) {
    (void)state;
    static const unsigned char ONE[] = {0, 0, 8, 1, 0, 0, 0, 1, 3}, NONE[] = {0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 5};
    static const unsigned char TWO[] = {0, 0, 8, 4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 5, 6};
    static const unsigned char NEGATIVE[] = {0, 0, 9, 1, 0, 0, 0, 2, 3, 255};
    static const unsigned char NAN_[] = {0, 0, 13, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0x7f, 0xc0, 0, 0};
    struct fixture f = {0};
    add(&f, "a", ONE, sizeof ONE);
    bad(&f, "a has one dimension, as labels have; want [n][d] for rows or [n][height][width] for images.");
    add(&f, "a", NONE, sizeof NONE);
    bad(&f, "a has nothing in it.");
    add(&f, "a", TWO, sizeof TWO);
    bad(&f, "a has images of 2 channels, want 1 or 3.");
    add(&f, "a", NAN_, sizeof NAN_);
    bad(&f, "a has NaN as its element 0, want a finite number.");
    add(&f, "a", IMAGES, sizeof IMAGES);
    add_labels(&f, "b", ONE, sizeof ONE);
    bad(&f, "b has 1 labels in 1 dimensions, want one for each of 2 items.");
    add(&f, "a", IMAGES, sizeof IMAGES);
    add_labels(&f, "b", NEGATIVE, sizeof NEGATIVE);
    bad(&f, "b has -1 as its label 1, want an integer from 0 to 99999.");
    add(&f, "a", IMAGES, sizeof IMAGES);
    f.label_column = "x";
    bad(&f, "a is no CSV, so it has no column x of labels.");
}

/* -- CSV -- */

static const char TABLE[] = "x,kind,y\n1,b,10\n2,a,30\n3,b,20\n";

static void rows_and_labels_of_csv(void **state) {
    (void)state;
    struct fixture f = {.label_column = "kind"};
    add(&f, "a.CSV", TABLE, sizeof TABLE - 1);
    good(&f);
    assert_true(f.out.data.n == 3 && f.out.data.d == 2 && f.out.classes == 2);
    const int64_t labels[] = {1, 0, 1};
    assert_memory_equal(f.out.data.labels, labels, sizeof labels);
    assert_int_equal(f.out.class_names[1].p[0], 'b');
    assert_true(f.out.mean[0] == 2 && fabs(f.out.mean[1] - 20) < 1e-12 && f.out.data.rows[2] == 0);
    starves(&f, 10);
    release(&f);
    f.label_column = "x";
    add(&f, "a.csv", "x,y\n0,1\n4,2", 11);
    good(&f);
    assert_true(f.out.classes == 5 && f.out.data.d == 1 && !f.out.class_names);
    release(&f);
}

static void tables_that_do_not_fit(void **state) {
    (void)state;
    static const struct {
        const char *label, *text, *sentence;
    } CASES[] = {
        {"", TABLE,
         "a.csv: the column kind holds categories; want columns of numbers without gaps, and label_column to "
         "name one of categories."},
        {"kind", "x,kind\n1,a\n,b\n", "a.csv: the column x has missing fields; want columns of numbers without gaps."},
        {"kind", "x,kind\n1,a\n2,\n",
         "a.csv: row 2 has no label in the column kind; want a category, or an integer from 0 to 99999."},
        {"x", "x,y\n1,1\n1.5,2\n",
         "a.csv: row 2 has no label in the column x; want a category, or an integer from 0 to 99999."},
        {"z", TABLE, "a.csv has no column of the name z."},
        {"x", "x\n1\n2\n", "a.csv has no column but that of labels."},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct fixture f = {.label_column = CASES[i].label, .kind = DATASET_POINTS};
        add(&f, "a.csv", CASES[i].text, strlen(CASES[i].text));
        bad(&f, CASES[i].sentence);
    }
    struct fixture f = {0};
    add(&f, "a.csv", TABLE, sizeof TABLE - 1);
    add_labels(&f, "b", LABELS, sizeof LABELS);
    bad(&f, "b goes with IDX and NPY; labels of a CSV are one of its columns, and those of PNG their folders.");
}

/* What is no column of numbers without gaps makes a table of a CSV, and so does who asks for one. */
/* x,y 1,2 3,6, packed by Python's gzip. */
static void csv_may_be_packed(void **state) {
    (void)state;
    static const unsigned char PACKED[] = {31, 139, 8,  0,   0,  0,   0, 0, 2,  3,  171, 208, 169, 228, 50, 212,
                                           49, 226, 50, 214, 49, 227, 2, 0, 21, 38, 31,  178, 12,  0,   0,  0};
    struct fixture f = {0};
    add(&f, "a.csv.gz", PACKED, sizeof PACKED);
    good(&f);
    assert_true(f.out.data.n == 2 && f.out.data.d == 2 && f.out.mean[0] == 2 && f.out.mean[1] == 4);
    release(&f);
    add(&f, "a.csv.gz", PACKED, sizeof PACKED - 9);
    assert_int_equal(read_with(&f, SIZE_MAX), STATUS_INVALID);
    assert_non_null(strstr(f.ctx.err.detail, "a.csv.gz ends within its gzip data"));
    release(&f);
}

static void csv_of_any_columns_is_a_table(void **state) {
    (void)state;
    static const struct {
        const char *text, *label, *categorical;
        enum dataset_kind kind;
        size_t features, classes; /* 0 features: it is no table */
    } CASES[] = {
        {TABLE, "", NULL, DATASET_AUTO, 4, 0},
        {TABLE, "kind", NULL, DATASET_AUTO, 0, 2},
        {TABLE, "kind", "", DATASET_TABLE, 4, 2},
        {TABLE, "kind", "x", DATASET_AUTO, 6, 2},
        {"x,y\n1,2\n,3\n", "", NULL, DATASET_AUTO, 3, 0},
        {"x,y\n1,2\n4,3\n", "", NULL, DATASET_AUTO, 0, 0},
        {"x,kind\n1,a\n2,\n", "kind", NULL, DATASET_AUTO, 3, 2},
        {"x,y\n1,2\n4,3\n", "", "y,x", DATASET_AUTO, 4, 0},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct fixture f = {.label_column = CASES[i].label, .categorical = CASES[i].categorical, .kind = CASES[i].kind};
        add(&f, "a.csv", CASES[i].text, strlen(CASES[i].text));
        good(&f);
        assert_int_equal(f.out.table != NULL, CASES[i].features > 0);
        assert_int_equal(f.out.classes, CASES[i].classes);
        if (f.out.table)
            assert_int_equal(f.out.channels, CASES[i].features);
        starves(&f, 5);
        release(&f);
    }
}

static void tables_that_cannot_be(void **state) {
    (void)state;
    struct fixture f = {.categorical = "x,w"};
    add(&f, "a.csv", TABLE, sizeof TABLE - 1);
    bad(&f, "a.csv: There is no column \"w\".");
    f.categorical = "x", f.kind = DATASET_POINTS;
    add(&f, "a.csv", "x\n1\n2\n", 6);
    bad(&f, "a.csv is to be points, which have no categorical columns.");
    f.kind = DATASET_TABLE;
    add(&f, "a", IMAGES, sizeof IMAGES);
    bad(&f, "a is no CSV, so it is no table.");
}

/* -- PNG -- */

static void add_png(struct fixture *f, const char *name, png_uint_32 format, unsigned width, unsigned char value) {
    png_image image = {.version = PNG_IMAGE_VERSION, .width = width, .height = 2, .format = format};
    unsigned char pixels[64], png[1024];
    png_alloc_size_t n = sizeof png;
    memset(pixels, value, sizeof pixels);
    assert_true(png_image_write_to_memory(&image, png, &n, 0, pixels, 0, NULL));
    add(f, name, png, n);
}

static void folders_are_classes(void **state) {
    (void)state;
    struct fixture f = {0};
    add_png(&f, "cat/1.png", PNG_FORMAT_RGB, 3, 10);
    add_png(&f, "cat/2.png", PNG_FORMAT_GRAY, 3, 20);
    add_png(&f, "dog/1.png", PNG_FORMAT_RGB, 3, 30);
    good(&f);
    assert_true(f.out.images && f.out.height == 2 && f.out.width == 3 && f.out.channels == 3 && f.out.data.n == 3);
    for (size_t i = 0; i < 3 * 18; i++)
        assert_int_equal(f.out.data.bytes[i], 10 * (i / 18 + 1));
    const int64_t labels[] = {0, 0, 1};
    assert_memory_equal(f.out.data.labels, labels, sizeof labels);
    assert_true(f.out.classes == 2 && f.out.class_names[1].n == 3 && !memcmp(f.out.class_names[1].p, "dog", 3));
    starves(&f, 3);
    release(&f);
}

static void images_that_do_not_fit(void **state) {
    (void)state;
    struct fixture f = {0};
    add_png(&f, "1.png", PNG_FORMAT_GRAY, 3, 0);
    add_png(&f, "2.png", PNG_FORMAT_GRAY, 4, 0);
    bad(&f, "2.png has 4 x 2 pixels, want 3 x 2 as the first image.");
    add_png(&f, "1.png", PNG_FORMAT_GRAY, 3, 0);
    add_png(&f, "2.png", PNG_FORMAT_RGB, 3, 0);
    bad(&f, "2.png is in colour, and the first image is grey.");
    add_png(&f, "1.png", PNG_FORMAT_GRAY, 3, 0);
    add_png(&f, "a/2.png", PNG_FORMAT_GRAY, 3, 0);
    bad(&f, "a/2.png lies in a folder, and 1.png does not; want all images in folders, one for each class, or none.");
    add_png(&f, "1.png", PNG_FORMAT_GRAY, 3, 0);
    add(&f, "2.png", "x", 1);
    assert_int_equal(read_with(&f, SIZE_MAX), STATUS_INVALID);
    assert_non_null(strstr(f.ctx.err.detail, "2.png is no PNG that can be read"));
    release(&f);
}

static void classes_can_be_named(void **state) {
    (void)state;
    static const struct {
        const char *names, *sentence;
    } BAD[] = {{"up", "class_names has 1 names, and the data have 2 classes."},
               {"up,down,", "class_names has 3 names, and the data have 2 classes."},
               {"up,", "class_names has an empty name, that of class 1."}};
    struct ctx ctx;
    struct dataset d;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(dataset_toy(&ctx, TOY_MOONS, 1, &d), STATUS_OK);
    for (size_t i = 0; i < COUNT(BAD); i++) {
        assert_int_equal(dataset_name_classes(&ctx, BAD[i].names, &d), STATUS_INVALID);
        assert_string_equal(ctx.err.detail, BAD[i].sentence);
    }
    assert_int_equal(dataset_name_classes(&ctx, "up,down", &d), STATUS_OK);
    assert_true(d.class_names[0].n == 2 && d.class_names[1].n == 4 && !memcmp(d.class_names[1].p, "down", 4));
    assert_int_equal(dataset_name_classes(&ctx, "up,down", &d), STATUS_INVALID);
    ctx_release(&ctx);
}

static void toys_have_labels(void **state) {
    (void)state;
    struct ctx ctx;
    struct dataset d;
    ctx_init(&ctx, 1 << 20);
    assert_int_equal(dataset_toy(&ctx, TOY_MOONS, 1, &d), STATUS_OK);
    assert_true(d.data.n == DATASET_TOY_POINTS && d.classes == 2 && d.channels == 2 && d.std[1] == 1 && d.mean[1] == 0);
    ctx_release(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_and_labels_of_idx),
        cmocka_unit_test(rows_of_npy_are_scaled),
        cmocka_unit_test(rows_of_extremes),
        cmocka_unit_test(images_of_npy),
        cmocka_unit_test(colour_images_of_npy),
        cmocka_unit_test(arrays_that_do_not_fit),
        cmocka_unit_test(rows_and_labels_of_csv),
        cmocka_unit_test(tables_that_do_not_fit),
        cmocka_unit_test(folders_are_classes),
        cmocka_unit_test(images_that_do_not_fit),
        cmocka_unit_test(toys_have_labels),
        cmocka_unit_test(classes_can_be_named),
        cmocka_unit_test(csv_of_any_columns_is_a_table),
        cmocka_unit_test(csv_may_be_packed),
        cmocka_unit_test(tables_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
