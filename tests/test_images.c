/* test_images.c - which images a network is trained on, watched by and tested on. */
#include "harness/images.h" /* before cmocka.h, which has a macro named fail */
#include "tests/folder_root.h"

#ifdef HAVE_PNG
#include <png.h>
#endif

static struct network network_of(const char *name)
{
    struct network n;
    struct error e;
    if (!network_find(name, NULL, &n, &e))
        fail_msg("%s", e.text);
    return n;
}

static void check_counts(const struct images *m, int train, int validation, int test)
{
    assert_int_equal(m->train.count, train);
    assert_int_equal(m->validation.count, validation);
    assert_int_equal(m->test.count, test);
}

static void test_idx(void **state)
{
    (void)state;
    struct error e;
    struct images m, held;
    struct network n = network_of("mnist01-sigmoid");
    assert_true(images_read(&n, NULL, 0, -1, &m, &e));
    check_counts(&m, 2000, 0, 200);
    /* the last ones are held out, before the first ones are taken */
    assert_true(images_read(&n, NULL, 7, 300, &held, &e));
    check_counts(&held, 7, 300, 200);
    assert_memory_equal(held.train.pixels, m.train.pixels, 7 * 784);
    assert_memory_equal(held.validation.pixels, m.train.pixels + 1700 * 784, 300 * 784);
    assert_memory_equal(held.validation.labels, m.train.labels + 1700, 300);
    images_free(&held);
    images_free(&m);
    n.per_class = 30; /* of training images; test images are all there */
    assert_true(images_read(&n, NULL, 0, 0, &m, &e));
    check_counts(&m, 60, 0, 200);
    images_free(&m);
    assert_true(images_read_test(&n, NULL, 9, &m, &e));
    check_counts(&m, 0, 0, 9);
    images_free(&m);
}

static void check_refused(const struct network *n, const char *dir, int validation,
                          const char *reason)
{
    struct error e;
    struct images m;
    assert_false(images_read(n, dir, 0, validation, &m, &e));
    if (!strstr(e.text, reason))
        fail_msg("'%s' should say '%s'", e.text, reason);
    assert_null(m.file[0].pixels);
    assert_null(m.file[1].pixels);
}

static void test_idx_refused(void **state)
{
    (void)state;
    struct network n = network_of("mnist01-sigmoid");
    check_refused(&n, NULL, 2000, "leave none of mnist01-sigmoid's 2000 to train on");
    n.height = 27;
    check_refused(&n, NULL, 0, "images are 1 x 28 x 28, and those of mnist01-sigmoid 1 x 27");
    n.fixture = NULL;
    check_refused(&n, NULL, 0, "--data DIR");
}

#ifdef HAVE_PNG

/* `count` photographs of a class, all of one grey that no other has. */
static void put_photographs(const char *class, int count, int first)
{
    char name[64];
    make(class);
    for (int i = 0; i < count; i++) {
        const uint8_t grey = (uint8_t)(first + i);
        png_image image = { .version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_GRAY };
        image.width = image.height = 1;
        snprintf(name, sizeof name, "%s/%03d.png", class, i);
        assert_true(png_image_write_to_file(&image, in_root(name), 0, &grey, 0, NULL));
    }
}

/* How often each grey is there. */
static void count_greys(const struct dataset *d, int times[256])
{
    for (int i = 0; i < d->count; i++) {
        const uint8_t *pixels = d->pixels + (size_t)i * 3 * 32 * 32;
        for (int k = 1; k < 3 * 32 * 32; k++)
            assert_int_equal(pixels[k], pixels[0]);
        assert_int_equal(d->labels[i], pixels[0] >= 100);
        times[pixels[0]]++;
    }
}

/* Of few photographs each part has its share: 11 of 13, 1 of 13, and the rest. */
static void test_photographs(void **state)
{
    (void)state;
    struct error e;
    struct images m, again;
    const struct network n = network_of("chihuahua-muffin");
    int times[256] = { 0 }, grey[256] = { 0 };
    put_photographs("a", 30, 0);
    put_photographs("b", 22, 100);
    assert_true(images_read(&n, root, 0, -1, &m, &e));
    check_counts(&m, 43, 4, 5);
    count_greys(&m.train, times);
    count_greys(&m.validation, times);
    count_greys(&m.test, times);
    for (int i = 0; i < 256; i++)
        assert_int_equal(times[i], i < 30 || (i >= 100 && i < 122));
    count_greys(&m.test, grey);

    /* the test images are the same ones, whatever else is asked for */
    assert_true(images_read_test(&n, root, 0, &again, &e));
    assert_int_equal(again.test.count, 5);
    assert_memory_equal(again.test.pixels, m.test.pixels, 5 * 3 * 32 * 32);
    images_free(&again);
    assert_true(images_read(&n, root, 3, 20, &again, &e));
    check_counts(&again, 3, 20, 5);
    assert_memory_equal(again.test.pixels, m.test.pixels, 5 * 3 * 32 * 32);
    assert_memory_equal(again.train.pixels, m.train.pixels, 3 * 3 * 32 * 32);
    images_free(&again);

    /* both classes are in each part that is large enough: they were shuffled */
    int zeros = 0;
    for (int i = 0; i < 43; i++)
        zeros += m.train.labels[i] == 0;
    assert_true(zeros > 10 && zeros < 43 - 10);
    assert_true(m.train.labels[0] != 0 || memcmp(m.train.labels, m.train.labels + 1, 20) != 0);
    images_free(&m);
}

/* As the table says where there are enough of them. */
static void test_enough_photographs(void **state)
{
    (void)state;
    struct error e;
    struct images m;
    struct network n = network_of("chihuahua-muffin");
    put_photographs("a", 12, 0);
    put_photographs("b", 9, 100);
    n.images = 15;
    n.validation = 2;
    assert_true(images_read(&n, root, 0, -1, &m, &e));
    check_counts(&m, 15, 2, 4);
    images_free(&m);
}

static void test_photographs_refused(void **state)
{
    (void)state;
    const struct network n = network_of("chihuahua-muffin");
    put_photographs("a", 1, 0);
    check_refused(&n, root, -1, "it has 1 sub-folders, and chihuahua-muffin has 2 classes");
    put_photographs("b", 1, 100);
    check_refused(&n, root, 2,
                  "--validation: 2 images leave none of chihuahua-muffin's 1 to train on");
    put_photographs("c", 1, 200);
    check_refused(&n, root, -1, "it has 3 sub-folders");
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idx),
        cmocka_unit_test(test_idx_refused),
#ifdef HAVE_PNG
        test_in_root(test_photographs),
        test_in_root(test_enough_photographs),
        test_in_root(test_photographs_refused),
#endif
    };
    return cmocka_run_group_tests(tests, make_top, remove_top);
}
