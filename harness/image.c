/* image.c - photographs into 8-bit RGB; the contract is in image.h.
 *
 * Both libraries report an error through a function that must not return. Here that ends in
 * refuse(), which leaves by longjmp for attempt(). What has to be freed is in the struct decoder of
 * the caller: no local variable changes between setjmp and longjmp.
 */
#include "harness/image.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifdef HAVE_JPEG
#include <jerror.h>
#include <jpeglib.h>
#endif
#ifdef HAVE_PNG
#include <png.h>
#endif

struct decoder {
    const uint8_t *bytes;
    size_t size, at;
    struct image *out;
    void *codec, *info; /* the library's own */
    bool in_pixels;     /* from here on a warning is an error */
    char reason[256];
    jmp_buf give_up;
};

/* A message can hold so much of a name: its end, which says more than its beginning. */
static const char *tail(const char *name)
{
    size_t length = strlen(name), most = 240;
    return length > most ? name + (length - most) : name;
}

#if defined HAVE_JPEG || defined HAVE_PNG

__attribute__((format(printf, 2, 3))) _Noreturn static void refuse(struct decoder *d,
                                                                   const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(d->reason, sizeof d->reason, format, args);
    va_end(args);
    longjmp(d->give_up, 1);
}

static bool attempt(struct decoder *d, void (*decode)(struct decoder *d))
{
    if (setjmp(d->give_up))
        return false;
    decode(d);
    return true;
}

static void take_memory(struct decoder *d, unsigned long width, unsigned long height)
{
    if (width > IMAGE_MAX_SIDE || height > IMAGE_MAX_SIDE || width * height > IMAGE_MAX_PIXELS)
        refuse(d, "too large: %lu x %lu pixels; up to %d a side and %d altogether are read", width,
               height, IMAGE_MAX_SIDE, IMAGE_MAX_PIXELS);
    d->out->pixels = malloc(width * height * 3);
    if (!d->out->pixels)
        refuse(d, "no memory for %lu x %lu pixels", width, height);
    d->out->width = (int)width;
    d->out->height = (int)height;
}

#endif

#ifdef HAVE_JPEG

enum { MOST_SCANS = 500 }; /* a small file may ask for many thousand passes over a large picture */

static void jpeg_fail(j_common_ptr c)
{
    char text[JMSG_LENGTH_MAX];
    c->err->format_message(c, text);
    refuse(c->client_data, "%s", text);
}

static void jpeg_warn(j_common_ptr c, int level)
{
    const struct decoder *d = c->client_data;
    if (level < 0 && (d->in_pixels || c->err->msg_code == JWRN_JPEG_EOF))
        jpeg_fail(c);
}

static void jpeg_count_scans(j_common_ptr c)
{
    if (((j_decompress_ptr)c)->input_scan_number > MOST_SCANS)
        refuse(c->client_data, "it has more than %d scans", MOST_SCANS);
}

/* Of the ink that is not black, each colour takes its part of the light. `ink` is inverted. */
static void cmyk_to_rgb(const uint8_t *ink, uint8_t *rgb, size_t width)
{
    for (size_t x = 0; x < width; x++, ink += 4, rgb += 3)
        for (int i = 0; i < 3; i++)
            rgb[i] = (uint8_t)(ink[3] - ((255 - ink[i]) * ink[3] + 127) / 255);
}

static void jpeg_steps(struct decoder *d)
{
    struct jpeg_decompress_struct *c = d->codec;
    struct jpeg_progress_mgr progress = { .progress_monitor = jpeg_count_scans };
    jpeg_create_decompress(c);
    c->progress = &progress;
    jpeg_mem_src(c, d->bytes, d->size);
    jpeg_read_header(c, TRUE);
    take_memory(d, c->image_width, c->image_height);

    size_t width = c->image_width;
    bool four = c->num_components == 4;
    uint8_t *ink = NULL;
    if (four) /* freed with the decoder */
        ink = c->mem->alloc_large((j_common_ptr)c, JPOOL_IMAGE, 4 * width);
    c->out_color_space = four ? JCS_CMYK : JCS_RGB;
    d->in_pixels = true;
    jpeg_start_decompress(c);
    for (uint8_t *row = d->out->pixels; c->output_scanline < c->output_height; row += 3 * width) {
        jpeg_read_scanlines(c, four ? &ink : &row, 1);
        if (four)
            cmyk_to_rgb(ink, row, width);
    }
    jpeg_finish_decompress(c);
}

static bool decode_jpeg(struct decoder *d)
{
    struct jpeg_error_mgr manager;
    struct jpeg_decompress_struct c = { .err = jpeg_std_error(&manager), .client_data = d };
    manager.error_exit = jpeg_fail;
    manager.emit_message = jpeg_warn;
    d->codec = &c;
    bool good = attempt(d, jpeg_steps);
    jpeg_destroy_decompress(&c);
    return good;
}

#endif

#ifdef HAVE_PNG

static void png_fail(png_structp png, const char *text)
{
    refuse(png_get_error_ptr(png), "%s", text);
}

static void png_ignore(png_structp png, const char *text)
{
    (void)png;
    (void)text;
}

static void png_take(png_structp png, png_bytep to, size_t size)
{
    struct decoder *d = png_get_io_ptr(png);
    if (size > d->size - d->at)
        refuse(d, "cut short");
    memcpy(to, d->bytes + d->at, size);
    d->at += size;
}

static void png_steps(struct decoder *d)
{
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, d, png_fail, png_ignore);
    d->codec = png;
    png_infop info = png ? png_create_info_struct(png) : NULL;
    d->info = info;
    if (!info)
        refuse(d, "libpng cannot start");
    png_set_read_fn(png, d, png_take);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* take_memory has its own */
    png_read_info(png, info);
    take_memory(d, png_get_image_width(png, info), png_get_image_height(png, info));

    png_set_expand(png); /* a palette, and fewer bits than 8 */
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t width = 3 * (size_t)d->out->width;
    if (png_get_rowbytes(png, info) != width)
        refuse(d, "libpng does not make RGB of it");
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < d->out->height; y++)
            png_read_row(png, d->out->pixels + (size_t)y * width, NULL);
    png_read_end(png, NULL);
}

static bool decode_png(struct decoder *d)
{
    bool good = attempt(d, png_steps);
    png_structp png = d->codec;
    png_infop info = d->info;
    png_destroy_read_struct(&png, &info, NULL);
    return good;
}

#endif

static const struct {
    const char *name, *magic;
    size_t length;
    const char *maker, *package; /* of its library */
    bool (*decode)(struct decoder *d); /* NULL: not built in */
} KINDS[IMAGE_KINDS] = {
    [IMAGE_JPEG] = { "JPEG", "\xff\xd8\xff", 3, "libjpeg-turbo", "libjpeg62-turbo-dev",
#ifdef HAVE_JPEG
                     decode_jpeg
#else
                     NULL
#endif
    },
    [IMAGE_PNG] = { "PNG", "\x89PNG\r\n\x1a\n", 8, "libpng", "libpng-dev",
#ifdef HAVE_PNG
                    decode_png
#else
                    NULL
#endif
    },
};

bool image_kind_lacks_library(enum image_kind kind)
{
    return kind != IMAGE_OTHER && !KINDS[kind].decode;
}

bool image_parse(const char *name, const void *bytes, size_t size, struct image *out,
                 struct error *e)
{
    *out = (struct image){ 0 };
    name = tail(name);
    if (size == 0)
        return fail(e, "%s: empty", name);
    for (int k = IMAGE_JPEG; k < IMAGE_KINDS; k++)
        if (size >= KINDS[k].length && memcmp(bytes, KINDS[k].magic, KINDS[k].length) == 0)
            out->kind = (enum image_kind)k;
    if (out->kind == IMAGE_OTHER)
        return fail(e, "%s: neither a JPEG nor a PNG, by its first bytes", name);
    if (image_kind_lacks_library(out->kind))
        return fail(e, "%s: a %s, and this build lacks %s: install it (Debian: %s and pkg-config), "
                       "build again",
                    name, KINDS[out->kind].name, KINDS[out->kind].maker,
                    KINDS[out->kind].package);
    struct decoder d = { .bytes = bytes, .size = size, .out = out };
    if (KINDS[out->kind].decode(&d))
        return true;
    image_free(out);
    return fail(e, "%s: cannot be read as a %s: %s", name, KINDS[out->kind].name, d.reason);
}

bool image_read(const char *path, struct image *out, struct error *e)
{
    *out = (struct image){ 0 };
    struct stat s;
    if (stat(path, &s) != 0)
        return fail(e, "%s: %s", tail(path), strerror(errno));
    if (!S_ISREG(s.st_mode))
        return fail(e, "%s: not a regular file", tail(path));
    if (s.st_size > IMAGE_MAX_BYTES)
        return fail(e, "%s: too large: up to %d bytes are read", tail(path), IMAGE_MAX_BYTES);
    FILE *f = fopen(path, "rb");
    if (!f)
        return fail(e, "%s: %s", tail(path), strerror(errno));
    size_t size = (size_t)s.st_size;
    void *bytes = malloc(size ? size : 1);
    bool good = bytes && fread(bytes, 1, size, f) == size
                    ? image_parse(path, bytes, size, out, e)
                    : fail(e, "%s: its %zu bytes cannot be read", tail(path), size);
    fclose(f);
    free(bytes);
    return good;
}

void image_free(struct image *m)
{
    free(m->pixels);
    *m = (struct image){ .kind = m->kind };
}
