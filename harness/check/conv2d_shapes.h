/* conv2d_shapes.h - the shapes on which convolution is tried: those always tried, what random ones
 * are made to hold, and large ones that are timed alone.
 */
#ifndef CHECK_CONV2D_SHAPES_H
#define CHECK_CONV2D_SHAPES_H

static const char *const cases[] = {
    /* the documents' own: 000, 001 and 003, 002, 003's second, 004's two */
    "n=1,c=3,h=32,w=32,o=36,kh=7,kw=7,stride=1,pad=3,bias=channel",
    "n=1,c=1,h=28,w=28,o=5,kh=3,kw=3,stride=1,pad=0,bias=position",
    "n=1,c=1,h=28,w=28,o=8,kh=5,kw=5,stride=1,pad=2,bias=position",
    "n=1,c=6,h=28,w=28,o=6,kh=5,kw=5,stride=1,pad=2,bias=position",
    "n=1,c=5,h=26,w=26,o=5,kh=3,kw=3,stride=1,pad=0,bias=position",
    "n=1,c=1,h=28,w=28,o=16,kh=8,kw=8,stride=1,pad=0,bias=channel",
    "n=1,c=16,h=21,w=21,o=8,kh=4,kw=4,stride=2,pad=0,bias=channel",
    /* the least, tails around a vector, every block of channels, strides beyond the kernel */
    "n=1,c=1,h=1,w=1,o=1,kh=1,kw=1,stride=1,pad=0,bias=none",
    "n=2,c=2,h=3,w=17,o=7,kh=2,kw=2,stride=1,pad=0,bias=none",
    "n=2,c=1,h=2,w=33,o=3,kh=1,kw=2,stride=1,pad=1,bias=position",
    "n=1,c=3,h=5,w=49,o=9,kh=2,kw=1,stride=1,pad=0,bias=channel",
    "n=1,c=10,h=4,w=20,o=10,kh=3,kw=3,stride=1,pad=1,bias=channel",
    "n=1,c=11,h=3,w=18,o=11,kh=2,kw=3,stride=1,pad=1,bias=none",
    "n=1,c=12,h=3,w=34,o=12,kh=3,kw=2,stride=2,pad=1,bias=position",
    "n=1,c=13,h=3,w=16,o=25,kh=1,kw=1,stride=1,pad=0,bias=channel",
    "n=1,c=4,h=9,w=15,o=4,kh=2,kw=2,stride=3,pad=0,bias=channel",
    "n=3,c=2,h=7,w=5,o=2,kh=7,kw=5,stride=1,pad=0,bias=channel",
    "n=1,c=2,h=6,w=6,o=3,kh=2,kw=3,stride=2,pad=4,bias=none",
    "n=2,c=2,h=11,w=40,o=5,kh=3,kw=5,stride=5,pad=2,bias=position",
    "n=1,c=2,h=3,w=21,o=2,kh=2,kw=3,stride=2,pad=13,bias=none",
    /* as many rows as a tile of few channels takes together, and no room beside them */
    "n=1,c=1,h=3,w=17,o=2,kh=3,kw=3,stride=1,pad=1,bias=none",
    "n=2,c=2,h=4,w=35,o=2,kh=4,kw=3,stride=1,pad=2,bias=channel",
    "n=1,c=1,h=5,w=20,o=1,kh=5,kw=2,stride=1,pad=2,bias=none",
    "n=1,c=1,h=6,w=9,o=2,kh=6,kw=3,stride=1,pad=3,bias=channel",
    "n=1,c=1,h=16,w=25,o=3,kh=8,kw=3,stride=1,pad=2,bias=none",
    "n=1,c=1,h=14,w=25,o=2,kh=7,kw=2,stride=1,pad=3,bias=channel",
    /* lanes of channels, and images for which there is no room together */
    "n=33,c=31,h=4,w=4,o=17,kh=2,kw=2,stride=1,pad=0,bias=channel",
    "n=16,c=16,h=22,w=22,o=7,kh=2,kw=2,stride=8,pad=0,bias=none",
    /* images and gradients that are packed strip by strip, with columns between rows and without */
    "n=2,c=24,h=21,w=100,o=2,kh=3,kw=3,stride=1,pad=1,bias=position",
    "n=1,c=40,h=43,w=100,o=1,kh=3,kw=3,stride=2,pad=0,bias=position",
    "n=1,c=40,h=43,w=100,o=7,kh=2,kw=5,stride=2,pad=1,bias=channel",
    "n=2,c=2,h=21,w=100,o=24,kh=3,kw=3,stride=1,pad=1,bias=none",
    "n=1,c=2,h=43,w=100,o=40,kh=3,kw=3,stride=2,pad=1,bias=channel",
    /* channels of outputs in the lanes: blocks not full, padding and phases, strips and bands */
    "n=2,c=24,h=21,w=100,o=31,kh=3,kw=3,stride=1,pad=2,bias=none",
    "n=2,c=47,h=19,w=23,o=3,kh=6,kw=7,stride=3,pad=2,bias=none",
    /* and all tiles of their places: 24 and 23, 22 and 21, ..., of phases 16 and 15, ..., 9 */
    "n=1,c=4,h=5,w=50,o=16,kh=4,kw=4,stride=1,pad=0,bias=channel",
    "n=1,c=4,h=4,w=42,o=14,kh=4,kw=4,stride=1,pad=2,bias=none",
    "n=2,c=3,h=5,w=43,o=15,kh=5,kw=5,stride=1,pad=0,bias=channel",
    "n=1,c=5,h=3,w=34,o=16,kh=5,kw=4,stride=1,pad=2,bias=none",
    "n=1,c=14,h=9,w=31,o=2,kh=4,kw=5,stride=2,pad=1,bias=none",
    "n=1,c=15,h=8,w=27,o=3,kh=5,kw=4,stride=2,pad=0,bias=channel",
    "n=1,c=16,h=7,w=24,o=2,kh=4,kw=6,stride=2,pad=1,bias=none",
    "n=1,c=16,h=10,w=18,o=2,kh=4,kw=7,stride=2,pad=2,bias=none",
    /* rows of phases that are one tile, of 11 elements and fewer by 4 columns, and of 10 by 5 */
    "n=1,c=16,h=5,w=25,o=2,kh=4,kw=4,stride=2,pad=0,bias=none",
    "n=2,c=31,h=9,w=18,o=2,kh=4,kw=4,stride=2,pad=2,bias=none",
    "n=1,c=14,h=4,w=14,o=1,kh=6,kw=4,stride=2,pad=2,bias=channel",
    "n=1,c=15,h=7,w=17,o=2,kh=5,kw=4,stride=2,pad=0,bias=none",
    "n=1,c=16,h=6,w=12,o=1,kh=4,kw=4,stride=2,pad=1,bias=none",
    "n=17,c=14,h=6,w=13,o=2,kh=4,kw=4,stride=2,pad=0,bias=none",
    "n=1,c=16,h=8,w=13,o=1,kh=4,kw=5,stride=2,pad=5,bias=none",
    "n=1,c=14,h=5,w=22,o=2,kh=5,kw=5,stride=2,pad=0,bias=channel",
    "n=1,c=16,h=4,w=18,o=1,kh=4,kw=5,stride=2,pad=1,bias=none",
    "n=1,c=15,h=7,w=13,o=2,kh=7,kw=5,stride=2,pad=2,bias=none",
    "n=1,c=16,h=6,w=13,o=1,kh=4,kw=5,stride=2,pad=1,bias=none",
    "n=2,c=16,h=9,w=13,o=3,kh=4,kw=5,stride=2,pad=0,bias=none",
    "n=1,c=14,h=5,w=12,o=1,kh=4,kw=5,stride=2,pad=0,bias=none",
    /* and what only looks like it: a stride, a bias for every place */
    "n=1,c=6,h=9,w=11,o=15,kh=4,kw=3,stride=2,pad=1,bias=channel",
    "n=1,c=6,h=7,w=9,o=16,kh=4,kw=3,stride=1,pad=0,bias=position",
    /* tables of taps, and of weights, to which all else of the workspace is small: what is written
     * behind them shows */
    "n=1,c=1,h=1,w=1,o=8,kh=5,kw=5,stride=1,pad=2,bias=channel",
    "n=1,c=3,h=1,w=8,o=9,kh=3,kw=7,stride=1,pad=1,bias=channel",
    /* so many weights that there is no room for all shares */
    "n=48,c=160,h=1,w=1,o=160,kh=1,kw=1,stride=1,pad=0,bias=channel",
    /* batches whose images go abreast, one group and more, and what is left of them; in shares */
    "n=16,c=6,h=8,w=7,o=4,kh=2,kw=3,stride=1,pad=4,bias=none",
    "n=16,c=4,h=5,w=41,o=4,kh=3,kw=3,stride=2,pad=0,bias=none",
    "n=49,c=4,h=9,w=10,o=9,kh=3,kw=3,stride=2,pad=1,bias=position",
    "n=32,c=4,h=9,w=11,o=6,kh=3,kw=2,stride=4,pad=0,bias=none",
    "n=16,c=4,h=1,w=5,o=373,kh=1,kw=5,stride=2400,pad=0,bias=none", /* stride^2 o beyond 2^31 */
    /* of either of the last two, which also come grown until threads share them */
    "n=1,c=14,h=6,w=17,o=9,kh=3,kw=6,stride=2,pad=1,bias=position",
    "n=35,c=5,h=6,w=7,o=5,kh=4,kw=3,stride=3,pad=2,bias=channel",
    NULL
};

static const char *const trouble[] = {
    "h=1", "w=1", "n=7,c=1", "n=19", "h=11,w=13", "h=2,w=97", /* a row, a column, primes */
    "kh=h,kw=w,pad=0", "kh=1,kw=1,pad=0", "kh=h,pad=1",  /* the kernel is the input, a point */
    "stride=kh+1", "stride=kw+1", "stride=5,pad=0",       /* what no window sees */
    "pad=kh", "pad=kw", "pad=kw+1",                       /* windows of nothing but padding */
    "c=131,h=3,w=5,o=2", "c=2,h=4,w=6,o=67", "c=37,o=41,h=5,w=4", NULL
};

static const char *const large[] = {
    "n=1,c=64,h=56,w=56,o=64,kh=3,kw=3,stride=1,pad=1,bias=none",
    "n=1,c=128,h=28,w=28,o=128,kh=3,kw=3,stride=1,pad=1,bias=none",
    "n=1,c=256,h=14,w=14,o=256,kh=3,kw=3,stride=1,pad=1,bias=none",
    "n=1,c=512,h=7,w=7,o=512,kh=3,kw=3,stride=1,pad=1,bias=none",
    "n=1,c=3,h=224,w=224,o=64,kh=7,kw=7,stride=2,pad=3,bias=none",
    "n=1,c=64,h=56,w=56,o=256,kh=1,kw=1,stride=1,pad=0,bias=none",
    "n=1,c=128,h=56,w=56,o=128,kh=3,kw=3,stride=2,pad=1,bias=none",
    NULL
};

#endif
