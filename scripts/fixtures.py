#!/usr/bin/python3
"""Makes fixtures/: every layer of ref/ computed once more, in NumPy, from its contract.

  scripts/fixtures.py           make all anew, say what moved, install
  scripts/fixtures.py --check   change nothing; exit 1 if the fixtures are not what this file makes

A fixture is fixtures/<layer>.<function>/<case>/<operand>.npy, float64. The case is written as
`cnncheck run` takes it; a #label behind it says what is special about the data. Every input is a
float32 held in a float64: the float side sees the same numbers. What moved is judged by operand:
  moved by rounding   an output, by no more than a few units in the last place: another NumPy or
                      processor computes exp, or adds up, in another way
  moved               anything else, and every input that is not the same to the bit
fixtures/MANIFEST holds the hash of each file, of this script, and the versions that made them.
Before anything is written, every backward is held against central differences of its forward.
"""
import argparse
import hashlib
import io
import os
import platform
import re
import shutil
import sys
import tempfile
import zlib
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

try:
    import numpy as np
    from numpy.lib.stride_tricks import sliding_window_view
except ImportError:
    print('fixtures: no NumPy >= 1.20 for %s: apt-get install python3-numpy' % sys.executable,
          file=sys.stderr)
    sys.exit(2)

SEED = 20240229             # of everything random; a case mixes in its own name
ULPS = 16                   # the most that rounding may move an output
LINES = 40                  # the most that is said before the summary
KINDS = ['moved', 'missing', 'stale', 'unlisted', 'moved by rounding']
FIXTURES = Path(__file__).resolve().parent.parent / 'fixtures'
INF, NAN = np.inf, np.nan
HUGE, TINY = 3.4028234663852886e38, 1.401298464324817e-45       # the ends of float32

Layer = namedtuple('Layer', 'name keys dims data functions cases')
Function = namedtuple('Function', 'name inputs outputs compute')
Case = namedtuple('Case', 'values label data')
LAYERS = []


def layer(name, keys, dims, data, functions, cases):
    """dims: the case's values -> operand -> shape; data: operand -> how it is filled by default."""
    functions = [Function(f, i.split(), o.split(), compute) for f, i, o, compute in functions]
    keys = keys.split()
    assert all(len(c.values) == len(keys) and set(c.data) <= set(data) for c in cases), name
    LAYERS.append(Layer(name, keys, dims, data, functions, cases))


def case(*values, label='', **data):
    """A labelled case is a special one: ties, infinities, clips. The others must be smooth. The
    number behind some cases is that of the document they come from."""
    return Case(values, label, data)


# Data: functions of a generator and a shape. They only add, multiply, divide and round, so that
# every NumPy and every processor draws the same numbers.

def bell(scale, centre=0.0):
    """Near enough to normal with this deviation: the sum of four uniform numbers."""
    return lambda rng, dims: (rng.random((4,) + dims).sum(axis=0) - 2) * 3 ** 0.5 * scale + centre


def whole(low, high):
    return lambda rng, dims: low + np.floor(rng.random(dims) * (high - low + 1))


def between(low, high):
    return lambda rng, dims: low + rng.random(dims) * (high - low)


def wide(rng, dims):
    """Both signs and forty binary orders of magnitude."""
    return np.ldexp(rng.random(dims) - 0.5, whole(-20, 20)(rng, dims).astype(int))


def pixels(rng, dims):
    return whole(0, 255)(rng, dims) / 255


def grey(rng, dims):
    return pixels(rng, dims) - 0.5


def eighths(rng, dims):
    return whole(0, 8)(rng, dims) / 8


def shares(rng, dims):
    """Rows that sum to one, most of it in few places: the output of a softmax."""
    x = rng.random(dims) ** 2 * rng.random(dims) ** 2 + 2.0 ** -20
    return x / x.sum(axis=-1, keepdims=True)


def one_hot(rng, dims):
    return np.eye(dims[-1])[rng.random(dims).argmax(axis=-1)]


def mixed(rng, dims):
    """Targets that are no one-hot rows: eighths, shared between a row's first and last place."""
    t = np.zeros(dims)
    t[:, 0] = whole(1, 7)(rng, dims[:1]) / 8
    t[:, -1] += 1 - t[:, 0]
    return t


def exactly(*values):
    return lambda rng, dims: np.array(values, float).reshape(dims)


def both(*values):
    return exactly(*values, *[-v for v in values])


# conv2d ---------------------------------------------------------------------------------------

def conv2d_dims(n, c, h, w, o, kh, kw, stride, pad, bias):
    oh, ow = (h + 2 * pad - kh) // stride + 1, (w + 2 * pad - kw) // stride + 1
    return {'x': (n, c, h, w), 'w': (o, c, kh, kw), 'dy': (n, o, oh, ow),
            'b': {'none': None, 'channel': (o,), 'position': (o, oh, ow)}[bias]}


def conv2d_windows(s, x):
    """(n, c, oh, ow, kh, kw): what every output looks at."""
    x = np.pad(x, ((0, 0), (0, 0), (s.pad, s.pad), (s.pad, s.pad)))
    return sliding_window_view(x, (s.kh, s.kw), axis=(2, 3))[:, :, ::s.stride, ::s.stride]


def conv2d_forward(s, x, w, b=None):
    y = np.einsum('ocpq,ncijpq->noij', w, conv2d_windows(s, x))
    return y if b is None else y + (b if s.bias == 'position' else b[:, None, None])


def conv2d_backward_data(s, w, dy):
    """The adjoint of forward: every dy lays its multiple of the kernel where its window stood. The
    zeros around dy lay theirs too, which only shows where a weight is infinite."""
    edge = max(s.kh, s.kw)
    dy = np.pad(dy, ((0, 0), (0, 0), (edge, edge), (edge, edge)))
    stamps = np.einsum('ocpq,noij->ncijpq', w, dy)
    n, c, oh, ow = stamps.shape[:4]
    sheet = np.zeros((n, c, oh * s.stride + s.kh, ow * s.stride + s.kw))
    for p in range(s.kh):
        for q in range(s.kw):
            rows = slice(p, p + oh * s.stride, s.stride)
            sheet[:, :, rows, q:q + ow * s.stride:s.stride] += stamps[..., p, q]
    start = s.pad + edge * s.stride
    return sheet[:, :, start:start + s.h, start:start + s.w]


def conv2d_backward_weights(s, x, dy):
    dw = np.einsum('noij,ncijpq->ocpq', dy, conv2d_windows(s, x))
    if s.bias == 'none':
        return dw
    return dw, dy.sum(axis=0 if s.bias == 'position' else (0, 2, 3))


layer('conv2d', 'n c h w o kh kw stride pad bias', conv2d_dims,
      {'x': pixels, 'w': bell(0.2), 'b': bell(0.5), 'dy': bell(0.01)},
      [('forward', 'x w b', 'y', conv2d_forward),
       ('backward_data', 'w dy', 'dx', conv2d_backward_data),
       ('backward_weights', 'x dy', 'dw db', conv2d_backward_weights)], [
    # the documents' own layers, on small images where theirs are large
    case(1, 3, 10, 10, 4, 7, 7, 1, 3, 'channel', x=whole(0, 255)),                  # 000
    case(1, 1, 28, 28, 5, 3, 3, 1, 0, 'position', w=bell(1), b=between(0, 1)),      # 001
    case(2, 3, 9, 9, 6, 5, 5, 1, 2, 'position', x=grey, w=bell(0.04)),              # 002
    case(1, 5, 10, 10, 5, 3, 3, 1, 0, 'position', x=bell(1), b=between(0, 1)),      # 003
    case(1, 1, 17, 17, 4, 8, 8, 1, 0, 'channel', w=between(-0.5, 0.5)),             # 004
    case(1, 4, 11, 11, 3, 4, 4, 2, 0, 'channel', x=bell(2)),                        # 004
    # one of everything; rows of 15, 16, 17 and 33 outputs; more channels than a vector holds
    case(1, 1, 1, 1, 1, 1, 1, 1, 0, 'channel'),
    case(2, 2, 4, 17, 3, 3, 3, 1, 0, 'none', x=bell(1)),
    case(1, 2, 5, 16, 2, 3, 3, 1, 1, 'channel', x=bell(1)),
    case(2, 1, 3, 19, 5, 2, 3, 1, 0, 'position', x=wide, w=wide),
    case(1, 2, 4, 35, 2, 2, 3, 1, 0, 'none', x=whole(-9, 9), w=whole(-9, 9), dy=whole(-9, 9)),
    case(1, 17, 3, 5, 16, 1, 1, 1, 0, 'channel', x=bell(1)),
    case(3, 3, 4, 4, 33, 3, 3, 1, 1, 'channel', x=bell(1)),
    # kernels that are not square
    case(2, 2, 6, 9, 3, 2, 5, 1, 0, 'none', x=bell(1)),
    case(1, 2, 9, 5, 3, 4, 1, 1, 1, 'position', x=bell(1)),
    # strides, with rows and columns left over; a stride beyond the kernel
    case(2, 3, 8, 15, 4, 3, 3, 2, 1, 'none', x=grey),
    case(2, 2, 11, 8, 3, 3, 2, 3, 1, 'channel', x=grey),
    case(1, 2, 9, 13, 3, 2, 2, 3, 0, 'position', x=bell(1)),
    case(1, 3, 7, 6, 4, 1, 1, 4, 0, 'none', x=bell(1)),
    # the kernel as large as the image, or larger; padding as wide as the kernel, or wider
    case(2, 3, 5, 4, 7, 5, 4, 1, 0, 'channel', x=bell(1)),
    case(1, 1, 2, 3, 2, 5, 6, 1, 2, 'none', x=bell(1)),
    case(1, 2, 4, 5, 2, 2, 3, 1, 3, 'channel', x=bell(1)),
    case(1, 1, 3, 3, 2, 2, 2, 2, 5, 'position', x=bell(1)),
    # an infinite weight times a zero of the padding, or beyond the edge of dy
    case(1, 1, 3, 3, 1, 2, 2, 1, 0, 'none', label='infinite', x=whole(1, 9),
         w=exactly(INF, 1, 2, -INF), dy=whole(1, 9)),
    case(1, 1, 3, 4, 1, 2, 2, 1, 1, 'channel', label='infinite', x=whole(1, 9),
         w=exactly(INF, 1, -2, 3), dy=whole(1, 9)),
    case(1, 1, 4, 5, 2, 3, 2, 2, 1, 'position', label='infinite', x=whole(-2, 2),
         w=exactly(1, 2, 3, INF, 5, 6, 1, -INF, 1, 1, 1, 1), dy=whole(-2, 2)),
    case(1, 2, 3, 3, 2, 2, 2, 1, 1, 'channel', label='nan', w=whole(1, 3),
         x=exactly(1, 2, 3, 4, NAN, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, INF),
         dy=exactly(*range(16), NAN, *range(14), -INF)),
])


# maxpool --------------------------------------------------------------------------------------

def maxpool_dims(n, c, h, w, k, stride):
    return {'x': (n, c, h, w), 'dy': (n, c, (h - k) // stride + 1, (w - k) // stride + 1)}


def maxpool_places(s, x):
    """For every window the index of its maximum in the flattened x. argmax says which: the first
    of equals, where -0 and +0 are equal, and the first NaN before all."""
    def windows(a):
        a = sliding_window_view(a, (s.k, s.k), axis=(2, 3))[:, :, ::s.stride, ::s.stride]
        return a.reshape(a.shape[:4] + (s.k * s.k,))
    best = windows(x).argmax(axis=-1)[..., None]
    return np.take_along_axis(windows(np.arange(x.size).reshape(x.shape)), best, axis=-1)[..., 0]


def maxpool_forward(s, x):
    return x.ravel()[maxpool_places(s, x)]


def maxpool_backward(s, x, dy):
    dx = np.zeros(x.size)
    np.add.at(dx, maxpool_places(s, x).ravel(), dy.ravel())
    return dx.reshape(x.shape)


layer('maxpool', 'n c h w k stride', maxpool_dims, {'x': bell(1), 'dy': bell(0.1)},
      [('forward', 'x', 'y', maxpool_forward), ('backward', 'x dy', 'dx', maxpool_backward)], [
    case(1, 1, 1, 1, 1, 1),
    case(2, 3, 8, 8, 2, 2),                                         # 000 and 002
    case(1, 5, 10, 18, 2, 1),                                       # 001: windows overlap
    case(1, 3, 7, 9, 2, 2, x=bell(2, -20)),                         # a row and a column left over
    case(2, 2, 9, 10, 3, 2),
    case(1, 2, 10, 12, 2, 3, x=bell(100)),                          # pixels that no window sees
    case(1, 1, 6, 37, 5, 1),
    case(2, 2, 4, 4, 4, 3),
    case(1, 1, 3, 67, 2, 2, dy=whole(-9, 9)),
    case(1, 2, 4, 33, 3, 2),
    case(1, 2, 2, 16, 2, 1, x=bell(100, -1000)),
    case(3, 1, 5, 6, 1, 2),
    case(1, 2, 5, 6, 2, 1, label='ties', x=whole(0, 1), dy=whole(1, 9)),
    case(2, 1, 6, 18, 3, 2, label='ties', x=whole(-2, 0), dy=whole(1, 9)),
    case(1, 1, 4, 4, 2, 2, label='ties', x=exactly(*[0] * 16), dy=exactly(1, 2, 3, 4)),
    case(1, 1, 4, 4, 2, 1, label='zeros', dy=exactly(*range(1, 10)),
         x=exactly(-0.0, 0, 0, -0.0, 0, -0.0, -0.0, -0.0, -1, -0.0, 0, -0.0, 0, -0.0, -1, 0)),
    case(1, 1, 4, 5, 2, 1, label='nan', dy=whole(1, 9),
         x=exactly(1, 2, 3, 4, 5, 6, NAN, 8, NAN, NAN, 1, INF, NAN, 4, 5, 6, 7, INF, INF, 9)),
    case(1, 1, 3, 6, 2, 2, label='infinite', dy=exactly(5, 6, 7),
         x=exactly(-INF, -INF, -INF, -HUGE, -HUGE, INF, -INF, -INF, -INF, -INF, INF, INF,
                   1, 2, 3, 4, 5, 6)),
])


# dense ----------------------------------------------------------------------------------------

layer('dense', 'n in out',
      lambda n, i, o: {'x': (n, i), 'w': (i, o), 'b': (o,), 'dy': (n, o)},
      {'x': bell(1), 'w': bell(0.25), 'b': bell(0.5), 'dy': bell(0.1)},
      [('forward', 'x w b', 'y', lambda s, x, w, b: np.einsum('ni,io->no', x, w) + b),
       ('backward', 'x w dy', 'dx dw db', lambda s, x, w, dy:
        (np.einsum('no,io->ni', dy, w), np.einsum('ni,no->io', x, dy), dy.sum(axis=0)))], [
    case(1, 1, 1),
    case(2, 3, 4, x=whole(-9, 9), w=whole(-9, 9), b=whole(-9, 9), dy=whole(-9, 9)),
    case(3, 50, 1, x=between(0, 1), w=bell(1)),                     # 000, the output
    case(1, 100, 2, x=between(-1, 1), w=bell(1)),                   # 001 and 003, the output
    case(1, 147, 10, x=grey, w=bell(0.0068)),                       # 002 and 004, of smaller images
    case(5, 15, 16),
    case(16, 16, 17, x=wide, w=wide),
    case(2, 17, 33),
    case(33, 5, 15),
    case(17, 33, 3, x=pixels),
    case(2, 3, 2, label='infinite', x=exactly(0, 1, 2, INF, NAN, -1), w=exactly(INF, 1, 2, 3, 4, 0),
         dy=exactly(0, 1, -INF, 2)),
])


# relu, sigmoid, tanh --------------------------------------------------------------------------

def sigmoid_forward(s, x):
    e = np.exp(-abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def sigmoid_backward(s, x, dy):
    """y (1 - y) is the same on either side of 0, and for a large |x| it is exp(-|x|)."""
    e = np.exp(-abs(x))
    return dy * (e / (1 + e) ** 2)


def tanh_forward(s, x):
    """tanh |x| = (1 - e) / (1 + e) with e = exp(-2 |x|), by way of e - 1, which does not cancel."""
    f = np.expm1(-2 * abs(x))
    return np.copysign(f / (2 + f), x)


def tanh_backward(s, x, dy):
    e = np.exp(-2 * abs(x))
    return dy * (4 * e / (1 + e) ** 2)


def elementwise(name, forward, backward, cases):
    layer(name, 'len', lambda n: {'x': (n,), 'dy': (n,)}, {'x': bell(3), 'dy': bell(0.1)},
          [('forward', 'x', 'y', forward), ('backward', 'x dy', 'dx', backward)], cases)


SPECIAL = both(0.0, NAN, INF, HUGE, TINY, 2.0 ** -127, 2.0 ** -126, 1)
elementwise('relu', lambda s, x: np.where(x <= 0, 0, x), lambda s, x, dy: np.where(x <= 0, 0, dy), [
    case(1),
    case(15, label='wide', x=wide),
    case(16),
    case(17, x=grey),
    case(33, x=bell(0.001)),
    case(100),
    case(16, label='special', x=SPECIAL, dy=whole(1, 9)),
    case(8, label='gradient', x=exactly(-1, 1, -0.0, 0, NAN, 1, -INF, INF),
         dy=exactly(NAN, NAN, INF, -INF, -0.0, -0.0, NAN, -INF)),
    case(18, label='zeros', x=whole(-1, 1), dy=whole(1, 9)),
])
elementwise('sigmoid', sigmoid_forward, sigmoid_backward, [
    case(1),
    case(15, x=wide),
    case(16),
    case(17, x=bell(0.01)),
    case(33, x=bell(30)),
    case(100, dy=wide),
    case(16, label='special', x=SPECIAL, dy=whole(1, 9)),
    case(18, label='saturated', x=both(8, 9, 16, 17, 17.5, 36, 37, 50, 80), dy=whole(1, 9)),
    case(16, label='huge', x=both(87, 88.5, 89, 103, 104, 150, 700, 1e6), dy=whole(1, 9)),
    case(14, label='tiny', x=both(1e-40, 1e-30, 1e-10, 2.0 ** -25, 2.0 ** -24, 2.0 ** -12, 0.01)),
])
elementwise('tanh', tanh_forward, tanh_backward, [
    case(1),
    case(15, x=wide),
    case(16, x=bell(1)),
    case(17, x=bell(0.01)),
    case(33, x=bell(30)),
    case(100, x=bell(1), dy=wide),
    case(16, label='special', x=SPECIAL, dy=whole(1, 9)),
    case(18, label='saturated', x=both(4, 8, 8.5, 9, 9.5, 18, 19, 20, 22), dy=whole(1, 9)),
    case(16, label='huge', x=both(44, 52, 88.5, 89, 350, 709, 711, 1e6), dy=whole(1, 9)),
    case(14, label='tiny', x=both(1e-40, 1e-30, 1e-10, 2.0 ** -25, 2.0 ** -12, 0.01, 0.54)),
])


# softmax, xent --------------------------------------------------------------------------------

def softmax_forward(s, x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(s, y, dy):
    return y * (dy - (y * dy).sum(axis=-1, keepdims=True))


def xent_forward(s, z, t):
    shifted = z - z.max(axis=-1, keepdims=True)
    surprise = np.log(np.exp(shifted).sum(axis=-1, keepdims=True)) - shifted
    return np.where(t != 0, t * surprise, 0).sum() / len(z)


LARGE = exactly(700, -700, 0, 1000, 999, -1000, -1000, -1001, -1000.5, 0, 760, 356)
ROWS = exactly(0, -INF, 1, -INF, -INF, -INF, NAN, 0, 1, 0, 1, NAN, 2, INF, 1, INF, -INF, INF)
layer('softmax', 'n len', lambda n, k: dict.fromkeys(('x', 'y', 'dy'), (n, k)),
      {'x': bell(2), 'y': shares, 'dy': bell(0.5)},
      [('forward', 'x', 'y', softmax_forward), ('backward', 'y dy', 'dx', softmax_backward)], [
    case(1, 1),
    case(3, 2, x=bell(10)),                                         # 001
    case(2, 10, x=bell(30)),                                        # 004 before it learns
    case(5, 3),
    case(1, 15),
    case(2, 16),
    case(3, 17, x=bell(0.01)),
    case(2, 33, x=wide),
    case(1, 100, dy=wide),
    case(4, 3, label='large', x=LARGE, y=exactly(1, 0, 0, 0, 1, 0, 1, 1e-30, TINY, 0.5, 0.5, 0)),
    case(2, 18, label='equal', x=exactly(*[3] * 18, *[-88] * 18), y=exactly(*[1 / 18] * 36)),
    case(6, 3, label='infinite', x=ROWS, dy=whole(-9, 9),
         y=exactly(0.25, 0, 0.75, *[NAN] * 3, 1, NAN, 0, 0.5, 0.5, 0, 1, 0, 0, 0, 0, 1)),
])
layer('xent', 'n len', lambda n, k: {'z': (n, k), 't': (n, k)}, {'z': bell(2), 't': one_hot},
      [('forward', 'z t', 'loss', xent_forward),
       ('backward', 'z t', 'dz', lambda s, z, t: (softmax_forward(s, z) - t) / len(z))], [
    case(1, 1),
    case(1, 2, z=bell(10)),                                         # 001
    case(4, 10, z=bell(5)),                                         # 002 and 004
    case(5, 3, t=mixed),
    case(2, 15),
    case(3, 16, z=bell(0.01)),
    case(2, 17, t=mixed),
    case(1, 33, z=bell(30)),
    case(4, 3, label='large', z=LARGE),
    case(1, 2, label='wrong', z=exactly(0, 760), t=exactly(1, 0)),
    case(1, 2, label='sure', z=exactly(38, 0), t=exactly(1, 0)),
    case(2, 3, label='never', z=exactly(-INF, 1, 2, 0, -INF, 3), t=exactly(0, 1, 0, 0, 0, 1)),
    case(1, 3, label='never', z=exactly(-INF, 1, 2), t=exactly(1, 0, 0)),
    case(6, 3, label='infinite', z=ROWS, t=exactly(*[0, 0, 1] * 6)),
])


# bce, bce_logits ------------------------------------------------------------------------------

def bce_forward(s, p, t):
    down, up = np.log(np.maximum(p, s.eps)), np.log(np.maximum(1 - p, s.eps))
    return -(t * down + (1 - t) * up).mean()


def bce_backward(s, p, t):
    up = np.where(1 - p < s.eps, 0, (1 - t) / (1 - p))
    down = np.where(p < s.eps, 0, t / p)
    return (up - down) / p.size


# Of every eight: certain and right, certain and wrong, undecided, beyond the clip, inside of it.
# No p lies between 1e-15 and the float next to it.
EDGES = exactly(0, 1, 0, 1, 0.5, 1e-20, 2.0 ** -50, 2.0 ** -49,
                0, 1, TINY, 1 - 2.0 ** -24, 2.0 ** -24, 2.0 ** -50, 2.0 ** -49, 0.75)
ANSWERS = exactly(0, 1, 1, 0, 1, 1, 1, 1, 0.25, 0.5, 1, 0, 1, 0, 0, 0.375)
layer('bce', 'n len eps', lambda n, k, eps: {'p': (n, k), 't': (n, k)},
      {'p': between(0.05, 0.95), 't': whole(0, 1)},
      [('forward', 'p t', 'loss', bce_forward), ('backward', 'p t', 'dp', bce_backward)], [
    case(5, 1, 1e-15),                                              # 000
    case(1, 2, 0),                                                  # 001 and 003
    case(1, 1, 2.0 ** -10),
    case(3, 5, 0, t=eighths),
    case(1, 15, 2.0 ** -10),
    case(2, 16, 1e-15, t=eighths),
    case(1, 17, 0),
    case(3, 33, 1e-15, p=between(0.25, 0.75)),
    case(2, 8, 1e-15, label='clipped', p=EDGES, t=ANSWERS),
    case(1, 6, 2.0 ** -10, label='clipped', t=exactly(1, 1, 0, 0, 0.5, 0.5),
         p=exactly(2.0 ** -10, 2.0 ** -11, 1 - 2.0 ** -10, 1 - 2.0 ** -11, 0, 1)),
    case(1, 1, 0.5, label='clipped', p=exactly(0.5), t=exactly(1)),
    case(1, 4, 0, label='saturated', p=exactly(0, 1, 0, 1), t=exactly(0, 1, 1, 0)),
    case(1, 2, 0, label='wrong', p=exactly(1, 0), t=exactly(0, 1)),
    case(1, 2, 1e-15, label='nan', p=exactly(NAN, 0.5), t=exactly(1, 0)),
    case(1, 3, 0, label='nan', p=exactly(0.25, 0.5, 1), t=exactly(1, 0, NAN)),
])
layer('bce_logits', 'n len', lambda n, k: {'z': (n, k), 't': (n, k)},
      {'z': bell(3), 't': whole(0, 1)},
      [('forward', 'z t', 'loss', lambda s, z, t: (np.logaddexp(0, z) - z * t).mean()),
       ('backward', 'z t', 'dz', lambda s, z, t: (sigmoid_forward(s, z) - t) / z.size)], [
    case(1, 1),
    case(5, 1),                                                     # 000
    case(1, 2, z=bell(30)),                                         # 003
    case(3, 5, t=eighths),
    case(1, 15, z=bell(0.01)),
    case(2, 16),
    case(1, 17, z=wide, t=eighths),
    case(3, 33, z=bell(10)),
    case(1, 2, label='saturated', z=exactly(37, -37), t=exactly(1, 0)),
    case(1, 3, label='sure', z=exactly(-37, -40, -20), t=exactly(0, 0, 0)),
    case(2, 7, label='huge', t=exactly(*[1, 0] * 7), z=both(88.5, 89, 104, 710, 745, 1e6, 1e30)),
    case(1, 3, label='never', z=exactly(-INF, 1, -2), t=exactly(1, 0, 1)),
    case(1, 5, label='infinite', z=exactly(INF, -INF, INF, -INF, 0), t=exactly(0, 0, 1, 1, 0.5)),
    case(1, 3, label='nan', z=exactly(NAN, 1, 2), t=exactly(0, 1, 0)),
])


# sgd ------------------------------------------------------------------------------------------

layer('sgd', 'len lr', lambda n, lr: {'w': (n,), 'dw': (n,)}, {'w': bell(0.2), 'dw': bell(0.5)},
      [('step', 'w dw', 'updated', lambda s, w, dw: w - s.lr * dw)], [
    case(1, 0.5),
    case(15, 0.125),
    case(16, 0.0078125),
    case(17, 1, w=whole(-9, 9), dw=whole(-9, 9)),
    case(33, 0.015625, w=wide, dw=wide),
    case(100, 0.0009765625, dw=bell(0.001)),
    case(4, 0, label='special', dw=exactly(1, -2, HUGE, -INF)),
    case(8, 0.5, label='special', w=exactly(-0.0, 0, INF, INF, 1, NAN, 1, TINY),
         dw=exactly(0, -0.0, INF, 1, -INF, 1, NAN, -TINY)),
])


# minmax ---------------------------------------------------------------------------------------

def minmax_places(x):
    """argmin and argmax take the first of equals, where -0 and +0 are equal, and the first NaN."""
    return x.argmin(), x.argmax()


def minmax_apply(s, x, ends):
    return 2 * (x - ends[0]) / (ends[1] - ends[0]) - 1


def minmax_statistics(s, x):
    return x[list(minmax_places(x))]


def minmax_backward(s, x, dy):
    """Through y = 2 u - 1 and u = (x - min) / (max - min): every u moves with min by (u - 1) / R,
    with max by -u / R."""
    a, b = minmax_places(x)
    size = x[b] - x[a]
    du = 2 * dy
    dx = du / size
    dx[a] -= (du * ((x[b] - x) / size)).sum() / size
    dx[b] -= (du * ((x - x[a]) / size)).sum() / size
    return dx


def at(length, values):
    """Zeros, but for the values given by where they stand."""
    return exactly(*[values.get(place, 0) for place in range(length)])


MINMAX = [
    case(2),
    case(3, dy=whole(-9, 9)),
    case(15, x=wide),
    case(16, x=whole(0, 255), dy=whole(-9, 9)),
    case(17, x=bell(0.01)),
    case(33, dy=wide),
    case(100, x=bell(50, 300)),                                     # far from zero
    case(250, x=bell(1000)),                                        # 000, the output of its batch
    # extremes beyond the last whole vector; equal ones in one lane, in several, and beyond
    case(18, label='tail', x=at(18, {16: -5, 17: 20}), dy=whole(1, 9)),
    case(21, label='tail', x=at(21, {15: 7, 20: -7}), dy=whole(1, 9)),
    case(50, label='ties', x=at(50, {21: -3, 34: -3, 37: -3, 48: -3, 26: 5, 32: 5, 42: 5, 49: 5}),
         dy=whole(1, 9)),
    case(50, label='late', x=at(50, {34: -3, 35: -3, 48: -3, 33: 5, 46: 5, 47: 5}), dy=whole(1, 9)),
    case(5, label='ties', x=exactly(1, 0, 0, 2, 2), dy=whole(1, 9)),
    case(40, label='ties', x=whole(0, 3), dy=whole(1, 9)),
    case(100, label='ties', x=whole(-25, 25), dy=whole(1, 9)),
    case(6, label='zeros', x=exactly(1, -0.0, 3, 0, 0, 3), dy=whole(1, 9)),
    case(19, label='zeros', x=exactly(*[-0.0, 0, -1] * 6, -1), dy=whole(1, 9)),
    # 0 / 0, in y and behind a gradient of 0; the others divide by 0
    case(1, label='constant'),
    case(20, label='constant', x=exactly(*[3] * 20), dy=whole(-1, 1)),
    case(2, label='constant', x=exactly(0, -0.0), dy=exactly(1, -1)),
    case(20, label='nan', x=exactly(*range(10), NAN, 1, INF, *range(6), NAN)),
    case(36, label='nan', x=exactly(-INF, *range(34), NAN)),
    case(50, label='nan', x=at(50, {3: 1, 20: NAN})),                 # numbers after it in its lane
    case(7, label='infinite', x=exactly(3, -2, INF, 1, 0, INF, 2)),
    case(7, label='negative', x=exactly(3, -2, -INF, 1, 0, -INF, 2)),
    case(4, label='infinite', x=exactly(-INF, 1, 2, INF)),
    case(18, label='gradient', dy=exactly(*range(9), INF, *range(8))),
    case(5, label='tiny', x=exactly(*[TINY * k for k in (3, 1, 0, 9, 4)]),
         dy=exactly(*[2.0 ** -100 * k for k in (1, -2, 3, 4, -5)])),
    case(40, label='tiny', x=bell(0.0001), dy=lambda rng, dims: whole(-9, 9)(rng, dims) * TINY),
    case(4, label='huge', x=exactly(-HUGE / 2, HUGE / 2, 1, HUGE / 4), dy=exactly(1, HUGE, 1, 2)),
]
layer('minmax', 'len', lambda n: {'x': (n,), 'dy': (n,)}, {'x': bell(3), 'dy': bell(0.1)},
      [('forward', 'x', 'y', lambda s, x: minmax_apply(s, x, minmax_statistics(s, x))),
       ('backward', 'x dy', 'dx', minmax_backward)], MINMAX)
layer('minmax', 'len', lambda n: {'x': (n,)}, {'x': bell(3), 'dy': None},
      [('statistics', 'x', 'range', minmax_statistics)], MINMAX)
layer('minmax', 'len', lambda n: {'x': (n,), 'range': (2,)}, {'x': bell(3), 'range': bell(3)},
      [('apply', 'x range', 'y', minmax_apply)], [
    case(1, range=exactly(-2, 6)),                                  # 000, one image by itself
    case(2),
    case(15, x=wide, range=wide),
    case(16, x=whole(0, 255), range=exactly(0, 255)),
    case(17, x=bell(0.01)),
    case(33, range=exactly(3, -3)),
    case(100, x=bell(50, 300), range=exactly(250.5, 333.25)),
    case(6, label='beyond', x=exactly(-3, -1, 0, 2, 5, 1e30), range=exactly(-1, 2)),
    case(4, label='constant', x=exactly(0, 1, 2, -0.0), range=exactly(1, 1)),
    case(5, label='infinite', x=exactly(-INF, 1, NAN, 2, INF), range=exactly(1, 3)),
    case(4, label='infinite', x=exactly(-INF, 1, NAN, INF), range=exactly(0, INF)),
    case(3, label='nan', range=exactly(0, NAN)),
])


# transpose ------------------------------------------------------------------------------------

def transpose(name, order, dims):
    layer('transpose', 'n c h w', lambda n, c, h, w: {'x': dims(n, c, h, w)}, {'x': bell(1)},
          [(name, 'x', 'y', lambda s, x: x.transpose(order))], [
        case(1, 1, 1, 1),
        case(2, 3, 8, 8, x=whole(0, 255)),                          # 000, its images
        case(2, 36, 4, 4),                                          # 000, its feature maps
        case(1, 1, 7, 9),
        case(3, 50, 1, 1),
        case(1, 15, 1, 17),
        case(1, 16, 4, 4, x=wide),
        case(2, 17, 3, 5),
        case(1, 33, 5, 7),
        case(1, 2, 3, 3, label='special',
             x=exactly(0, -0.0, INF, -INF, NAN, HUGE, -HUGE, TINY, -TINY, *range(1, 10))),
    ])


transpose('to_nchw', (0, 3, 1, 2), lambda n, c, h, w: (n, h, w, c))
transpose('to_nhwc', (0, 2, 3, 1), lambda n, c, h, w: (n, c, h, w))


# What each case holds -------------------------------------------------------------------------

EACH = ('relu.', 'sigmoid.', 'tanh.', 'maxpool.forward', 'softmax.forward')     # see moved()


def plain(a):
    """float64 in C order, and every NaN the same one."""
    a = np.array(a, '<f8', order='C')
    return np.where(np.isnan(a), NAN, a)


def fill(layer, case, names, salt):
    rng = np.random.Generator(np.random.PCG64([SEED, zlib.crc32(salt.encode())]))
    dims = layer.dims(*case.values)
    operands = {}
    for name in names:
        if dims[name] is not None:
            values = case.data.get(name, layer.data.get(name))(rng, dims[name])
            operands[name] = plain(np.asarray(values).astype(np.float32))
    return operands


def shape_of(layer, case):
    return SimpleNamespace(**dict(zip(layer.keys, case.values)))


def call(function, shape, operands):
    out = function.compute(shape, *[operands[i] for i in function.inputs if i in operands])
    return dict(zip(function.outputs, out if isinstance(out, tuple) else (out,)))


def make():
    """Every array by its path, and the paths that are outputs."""
    arrays, outputs = {}, set()
    for layer in LAYERS:
        for function in layer.functions:
            for case in layer.cases:
                text = ','.join('%s=%s' % pair for pair in zip(layer.keys, case.values))
                folder = '%s.%s/%s' % (layer.name, function.name, text)
                folder += '#' + case.label if case.label else ''
                if '%s/%s.npy' % (folder, function.outputs[0]) in outputs:
                    sys.exit('fixtures: %s is in the table twice' % folder)
                operands = fill(layer, case, function.inputs, folder)
                results = call(function, shape_of(layer, case), operands)
                arrays.update(('%s/%s.npy' % (folder, k), v) for k, v in operands.items())
                for name, value in results.items():
                    arrays['%s/%s.npy' % (folder, name)] = plain(value)
                    outputs.add('%s/%s.npy' % (folder, name))
    return arrays, outputs


def check_gradients():
    """Each backward against central differences of its forward, on the cases without a label."""
    for layer in LAYERS:
        forward, others = layer.functions[0], layer.functions[1:]
        for case in [c for c in layer.cases if not c.label and others]:
            shape, names = shape_of(layer, case), dict.fromkeys(forward.inputs)
            if 'dy' in layer.dims(*case.values):
                names['dy'] = None
            salt = 'gradient of %s %s' % (layer.name, case.values)
            operands = fill(layer, case, names, salt)
            operands.update(call(forward, shape, operands))
            rng = np.random.Generator(np.random.PCG64([SEED, zlib.crc32(salt.encode()), 1]))
            for function in others:
                for name, gradient in call(function, shape, operands).items():
                    if np.shape(gradient) != operands[name[1:]].shape:
                        sys.exit('fixtures: %s: %s has the wrong shape' % (salt, name))
                    for k in (rng.random(48) * np.size(gradient)).astype(int):
                        check_element(forward, shape, operands, name, gradient.ravel()[k], k, salt)


def check_element(forward, shape, operands, name, gradient, k, salt):
    x, dy = operands[name[1:]], operands.get('dy', 1.0)
    h = 1e-5 * min(1.0, abs(x).max())
    sides = []
    for step in (h, -h):
        near = x.copy()
        near.ravel()[k] += step
        sides.append((near.ravel()[k], call(forward, shape, {**operands, name[1:]: near})))
    (a, up), (b, down) = sides
    up, down = [np.asarray(v[forward.outputs[0]]) for v in (up, down)]
    terms = (up - down) / (a - b) * dy
    noise = 4 * np.spacing(1.0) * (abs(dy) * (abs(up) + abs(down))).sum() / (a - b)
    if not abs(terms.sum() - gradient) <= 1e-6 * abs(terms).sum() + noise:
        sys.exit('fixtures: %s: %s[%d] is %r, by central differences %r'
                 % (salt, name, k, float(gradient), float(terms.sum())))


# What is committed, against it ----------------------------------------------------------------

def moved(path, new, old, output):
    """Nothing; or whether rounding explains it, and by how much it moved. The unit is the last
    place of the operand's largest magnitude, and of each element where nothing was added up."""
    if old is None or old.dtype != new.dtype or old.shape != new.shape:
        return False, 'another shape or kind, or no .npy file at all'
    if old.tobytes() == new.tobytes():
        return None
    finite = np.isfinite(new) & np.isfinite(old)
    if not np.array_equal(new[~finite], old[~finite], equal_nan=True):
        return False, 'NaN or infinity in other places'
    new, old = new[finite], old[finite]
    if (np.signbit(new) != np.signbit(old))[(new == 0) & (old == 0)].any():
        return False, 'the sign of a zero'
    size = np.maximum(abs(new), abs(old))
    unit = np.spacing(size if path.startswith(EACH) else size.max(initial=0.0))
    ulps = (abs(new - old) / unit).max(initial=0.0)
    return bool(output and ulps <= ULPS), '%.3g ulp' % ulps


def load(path):
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None


def pack(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0))
    return file.getvalue()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def manifest(files):
    lines = ['# scripts/fixtures.py %s' % sha256(Path(__file__).read_bytes()),
             '# numpy %s' % np.__version__, '# python %s' % platform.python_version(),
             '# seed %d' % SEED]
    return '\n'.join(lines + ['%s  %s' % (sha256(files[p]), p) for p in sorted(files)]) + '\n'


def read_manifest():
    """The script's hash, and path -> hash."""
    path = FIXTURES / 'MANIFEST'
    lines = path.read_text().splitlines() if path.exists() else []
    script = [line.split()[2] for line in lines if line.startswith('# scripts/fixtures.py ')]
    return (script or [''])[0], {line.partition('  ')[2]: line.partition('  ')[0]
                                 for line in lines if not line.startswith('#')}


def install(files, folders):
    """Each folder that is to change is written beside and renamed into place, MANIFEST last; if
    that fails half-way, what was there before is put back."""
    FIXTURES.mkdir(exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix='.fixtures-', dir=FIXTURES.parent))
    new, old = stage / 'new', stage / 'old'
    try:
        new.mkdir()
        old.mkdir()
        for path, data in files.items():
            if path.split('/')[0] in folders:
                (new / path).parent.mkdir(parents=True, exist_ok=True)
                (new / path).write_bytes(data)
        (new / 'MANIFEST').write_text(manifest(files))
        try:
            for folder in folders:
                if (FIXTURES / folder).exists():
                    os.rename(FIXTURES / folder, old / folder)
                if (new / folder).exists():
                    os.rename(new / folder, FIXTURES / folder)
            os.replace(new / 'MANIFEST', FIXTURES / 'MANIFEST')
        except BaseException:
            for kept in old.iterdir():
                if (FIXTURES / kept.name).exists():
                    os.rename(FIXTURES / kept.name, new / kept.name)
                os.rename(kept, FIXTURES / kept.name)
            raise
    finally:
        shutil.rmtree(stage)


def survey(arrays, files, outputs, there, hashes):
    """(kind, path, how) of everything that is not as it should be, the worst kind first."""
    found = []
    for path in set(files) & there:
        old = moved(path, arrays[path], load(FIXTURES / path), path in outputs)
        if old:
            found.append(('moved by rounding' if old[0] else 'moved', path, old[1]))
        if sha256((FIXTURES / path).read_bytes()) != hashes.get(path):
            found.append(('unlisted', path, 'MANIFEST has another hash of it, or none'))
    found += [('missing', path, 'made now, not there before') for path in set(files) - there]
    found += [('stale', path, 'there before, not made now') for path in there - set(files)]
    found += [('stale', path, 'in MANIFEST alone') for path in set(hashes) - set(files) - there]
    return sorted(found, key=lambda f: (KINDS.index(f[0]), f[1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true', help='compare only; write nothing')
    check = parser.parse_args().check

    with np.errstate(all='ignore'):
        check_gradients()
        arrays, outputs = make()
        files = {path: pack(array) for path, array in arrays.items()}
        script, hashes = read_manifest()
        own = {path.split('/')[0] for path in [*files, *hashes]
               if re.match(r'\w+\.\w+/', path)}
        there = {str(f.relative_to(FIXTURES)) for folder in own
                 for f in (FIXTURES / folder).rglob('*') if not f.is_dir()}
        found = survey(arrays, files, outputs, there, hashes)

    for kind, path, how in found[:LINES]:
        print('fixtures: %s: %s, %s' % (kind, path, how))
    if len(found) > LINES:
        print('fixtures: ... and %d more' % (len(found) - LINES))
    count = [(sum(f[0] == kind for f in found), kind) for kind in KINDS]
    print('fixtures: %d files, %s' % (len(files), ', '.join('%d %s' % c for c in count if c[0])
                                      or 'none moved'))
    if check:
        if script != sha256(Path(__file__).read_bytes()):
            sys.exit('fixtures: MANIFEST was written by another scripts/fixtures.py: run that')
        sys.exit(any(kind != 'moved by rounding' for kind, _, _ in found))
    dirty = {path.split('/')[0] for path in there | set(files)
             if path not in there or (FIXTURES / path).read_bytes() != files.get(path)}
    if dirty or (script, hashes) != (sha256(Path(__file__).read_bytes()),
                                     {path: sha256(data) for path, data in files.items()}):
        install(files, sorted(dirty))


if __name__ == '__main__':
    main()
