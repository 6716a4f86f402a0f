#!/usr/bin/python3
"""Makes fixtures/: every layer of ref/ computed once more, in NumPy, by layers.py.

  scripts/fixtures.py           make all anew, say what moved, install
  scripts/fixtures.py --check   change nothing; exit 1 if the fixtures are not what this file makes

A fixture is fixtures/<layer>.<function>/<case>/<operand>.npy, float64. The case is written as
`cnncheck run` takes it; a #label behind it says what is special about the data. Every input is a
float32 held in a float64: the float side sees the same numbers.

Networks are trained too, by networks.py, a step for each batch in the order of the images. In
fixtures/networks/<network>/form=...,h=...,w=...,batch=...,steps=...,lr=.../ lie
  images, labels            raw pixels and classes, as integers
  0.conv2d.w, 0.conv2d.b    the first value of each parameter
  0.conv2d.dw, 0.conv2d.db  its gradient in every step, before the step's own update
  4.minmax.range            minimum and maximum of every step's batch
  loss                      of every step

What moved is judged by operand:
  moved by rounding   an output, by no more than a few units in the last place: another NumPy or
                      processor computes exp, or adds up, in another way
  moved               anything else, and every input that is not the same to the bit
fixtures/MANIFEST holds the hash of each file and of the scripts, and the versions that made them.
Before anything is written, every backward is held against central differences of its forward, and
the gradients of every training step against those of its loss.
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
    import layers
    import networks
except ImportError as missing:
    print('fixtures: %s wants NumPy >= 1.20: %s: apt-get install python3-numpy'
          % (sys.executable, missing), file=sys.stderr)
    sys.exit(2)

SEED = 20240229             # of everything random; a case mixes in its own name
ULPS = 16                   # the most that rounding may move an output
MARGIN = 2.0 ** -16         # to another choice, as a part of the largest magnitude
LINES = 40                  # the most that is said before the summary
KINDS = ['moved', 'missing', 'stale', 'unlisted', 'moved by rounding']
SCRIPTS = Path(__file__).resolve().parent
FIXTURES = SCRIPTS.parent / 'fixtures'
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


layer('conv2d', 'n c h w o kh kw stride pad bias', conv2d_dims,
      {'x': pixels, 'w': bell(0.2), 'b': bell(0.5), 'dy': bell(0.01)},
      [('forward', 'x w b', 'y', layers.conv2d_forward),
       ('backward_data', 'w dy', 'dx', layers.conv2d_backward_data),
       ('backward_weights', 'x dy', 'dw db', layers.conv2d_backward_weights)], [
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


layer('maxpool', 'n c h w k stride', maxpool_dims, {'x': bell(1), 'dy': bell(0.1)},
      [('forward', 'x', 'y', layers.maxpool_forward),
       ('backward', 'x dy', 'dx', layers.maxpool_backward)], [
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
      [('forward', 'x w b', 'y', layers.dense_forward),
       ('backward', 'x w dy', 'dx dw db', layers.dense_backward)], [
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


# dense_sgd ------------------------------------------------------------------------------------

layer('dense_sgd', 'in out lr',
      lambda i, o, lr: {'x': (i,), 'w': (i, o), 'b': (o,), 'dy': (o,)},
      {'x': bell(1), 'w': bell(0.25), 'b': bell(0.5), 'dy': bell(0.1)},
      [('backward', 'x w b dy', 'dx stepped settled', layers.dense_sgd_backward)], [
    case(1, 1, 1),
    case(3, 4, 0.5, x=whole(-9, 9), w=whole(-9, 9), b=whole(-9, 9), dy=whole(-9, 9)),
    case(100, 2, 0.01, x=between(-1, 1), w=bell(1)),                # 001 and 003, the output
    case(147, 10, 0.005, x=grey, w=bell(0.0068)),                   # 002 and 004, of smaller images
    case(16, 17, 0.1, x=wide, w=wide),
    case(33, 15, 0.0003),
    case(3, 2, 0.1, label='infinite', x=exactly(0, INF, NAN), w=exactly(INF, 1, 2, 3, 4, 0),
         dy=exactly(1, -2)),
])


# relu, sigmoid, tanh --------------------------------------------------------------------------

def elementwise(name, forward, backward, cases):
    layer(name, 'len', lambda n: {'x': (n,), 'dy': (n,)}, {'x': bell(3), 'dy': bell(0.1)},
          [('forward', 'x', 'y', forward), ('backward', 'x dy', 'dx', backward)], cases)


SPECIAL = both(0.0, NAN, INF, HUGE, TINY, 2.0 ** -127, 2.0 ** -126, 1)
elementwise('relu', layers.relu_forward, layers.relu_backward, [
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
elementwise('sigmoid', layers.sigmoid_forward, layers.sigmoid_backward, [
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
elementwise('tanh', layers.tanh_forward, layers.tanh_backward, [
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

LARGE = exactly(700, -700, 0, 1000, 999, -1000, -1000, -1001, -1000.5, 0, 760, 356)
ROWS = exactly(0, -INF, 1, -INF, -INF, -INF, NAN, 0, 1, 0, 1, NAN, 2, INF, 1, INF, -INF, INF)
layer('softmax', 'n len', lambda n, k: dict.fromkeys(('x', 'y', 'dy'), (n, k)),
      {'x': bell(2), 'y': shares, 'dy': bell(0.5)},
      [('forward', 'x', 'y', layers.softmax_forward),
       ('backward', 'y dy', 'dx', layers.softmax_backward)], [
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
      [('forward', 'z t', 'loss', layers.xent_forward),
       ('backward', 'z t', 'dz', layers.xent_backward)], [
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

# Of every eight: certain and right, certain and wrong, undecided, beyond the clip, inside of it.
# No p lies between 1e-15 and the float next to it.
EDGES = exactly(0, 1, 0, 1, 0.5, 1e-20, 2.0 ** -50, 2.0 ** -49,
                0, 1, TINY, 1 - 2.0 ** -24, 2.0 ** -24, 2.0 ** -50, 2.0 ** -49, 0.75)
ANSWERS = exactly(0, 1, 1, 0, 1, 1, 1, 1, 0.25, 0.5, 1, 0, 1, 0, 0, 0.375)
layer('bce', 'n len eps', lambda n, k, eps: {'p': (n, k), 't': (n, k)},
      {'p': between(0.05, 0.95), 't': whole(0, 1)},
      [('forward', 'p t', 'loss', layers.bce_forward),
       ('backward', 'p t', 'dp', layers.bce_backward)], [
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
      [('forward', 'z t', 'loss', layers.bce_logits_forward),
       ('backward', 'z t', 'dz', layers.bce_logits_backward)], [
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
      [('step', 'w dw', 'updated', layers.sgd_step)], [
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
      [('forward', 'x', 'y', layers.minmax_forward),
       ('backward', 'x dy', 'dx', layers.minmax_backward)], MINMAX)
layer('minmax', 'len', lambda n: {'x': (n,)}, {'x': bell(3), 'dy': None},
      [('statistics', 'x', 'range', layers.minmax_statistics)], MINMAX)
layer('minmax', 'len', lambda n: {'x': (n,), 'range': (2,)}, {'x': bell(3), 'range': bell(3)},
      [('apply', 'x range', 'y', layers.minmax_apply)], [
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

def transpose(name, compute, dims):
    layer('transpose', 'n c h w', lambda n, c, h, w: {'x': dims(n, c, h, w)}, {'x': bell(1)},
          [(name, 'x', 'y', compute)], [
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


transpose('to_nchw', layers.transpose_to_nchw, lambda n, c, h, w: (n, h, w, c))
transpose('to_nhwc', layers.transpose_to_nhwc, lambda n, c, h, w: (n, c, h, w))


# Whole networks -------------------------------------------------------------------------------

Training = namedtuple('Training', 'network form h w batch steps lr draw')
TRAININGS = [Training(*t) for t in [
    # The last number makes the random ones others: nothing may be near another choice, see MARGIN,
    # and no batch's logits so alike that the minmax behind them magnifies their rounding.
    ('chihuahua-muffin', 'document', 2, 3, 3, 3, 0.0625, 22),
    ('chihuahua-muffin', 'document', 5, 4, 5, 2, 0.0625, 19),
    ('chihuahua-muffin', 'logits', 2, 3, 3, 3, 0.0625, 1),
    ('chihuahua-muffin', 'logits', 5, 4, 4, 2, 0.0625, 0),
    ('chihuahua-muffin', 'logits', 3, 5, 1, 2, 0.0625, 0),
    ('chihuahua-muffin', 'plain', 2, 3, 3, 3, 0.0625, 0),
    ('chihuahua-muffin', 'plain', 5, 4, 4, 2, 0.0625, 0),
    ('chihuahua-muffin', 'plain', 3, 5, 1, 2, 0.0625, 0),
    ('mnist01-relu', 'document', 4, 5, 2, 4, 0.0625, 0),
    ('mnist01-relu', 'document', 7, 6, 3, 3, 0.03125, 0),
    ('mnist01-relu', 'document', 5, 9, 1, 3, 0.03125, 0),
    ('fashion', 'document', 2, 3, 1, 4, 0.125, 0),
    ('fashion', 'document', 7, 6, 3, 3, 0.125, 2),
    ('fashion', 'document', 9, 5, 2, 3, 0.125, 0),
    ('fashion', 'document', 28, 28, 1, 2, 0.0078125, 1),
    ('fashion', 'two-convolutions', 2, 3, 1, 4, 0.125, 0),
    ('fashion', 'two-convolutions', 7, 6, 3, 3, 0.125, 0),
    ('fashion', 'two-convolutions', 9, 5, 2, 3, 0.125, 0),
    ('fashion', 'two-convolutions', 28, 28, 1, 2, 0.0078125, 17),
    ('mnist01-sigmoid', 'document', 5, 6, 2, 4, 0.25, 0),
    ('mnist01-sigmoid', 'document', 8, 7, 3, 3, 0.25, 0),
    ('mnist01-sigmoid', 'document', 6, 9, 1, 3, 0.125, 0),
    ('mnist10', 'document', 11, 12, 2, 4, 0.0625, 0),
    ('mnist10', 'document', 14, 13, 3, 3, 0.0625, 0),
    ('mnist10', 'document', 15, 18, 1, 3, 0.03125, 0),
    ('mnist10', 'document', 28, 28, 1, 2, 0.015625, 10),
]]


def draw(t, rng):
    """Parameters scaled by the fan-in, so that nothing saturates; noise; labels of all classes."""
    inputs, count = {}, t.batch * t.steps
    for name, dims in networks.shapes(*t[:4]).items():
        fan_in = np.prod(dims[1:]) if len(dims) == 4 else dims[0]
        scale = 0.25 if name.endswith('.b') else np.sqrt(1 / fan_in)
        inputs[name] = plain(bell(scale)(rng, dims).astype(np.float32))
    inputs['images'] = whole(0, 255)(rng, (count, *networks.image(t.network, t.h, t.w)))
    inputs['labels'] = plain(rng.random(count).argsort() % networks.NETWORKS[t.network].classes)
    return inputs


def trainings():
    """(folder, row of the table, inputs, steps) of each."""
    for t in TRAININGS:
        folder = 'networks/%s/form=%s,h=%d,w=%d,batch=%d,steps=%d,lr=%s' % t[:-1]
        inputs = draw(t, generator(folder, t.draw))
        parameters = {k: v for k, v in inputs.items() if k not in ('images', 'labels')}
        yield folder, t, inputs, list(networks.train(
            t.network, t.form, parameters, inputs['images'], inputs['labels'], t.batch, t.lr))


def results_of(steps):
    """name -> the values of all steps, one behind the other, and the magnitude that make() wants."""
    results = {'loss': ([s.loss for s in steps], 0.0)}
    for name in steps[0].ranges:
        results[name] = (np.concatenate([s.ranges[name] for s in steps]), 0.0)
    for name in steps[0].gradients:
        node, _, parameter = name.rpartition('.')
        results['%s.d%s' % (node, parameter)] = (np.concatenate([s.gradients[name] for s in steps]),
                                                 max(s.terms[name].max() for s in steps))
    return results


# What each case holds -------------------------------------------------------------------------

EACH = ('relu.', 'sigmoid.', 'tanh.', 'maxpool.forward', 'softmax.forward')     # see moved()


def plain(a):
    """float64 in C order, and every NaN the same one."""
    a = np.array(a, '<f8', order='C')
    return np.where(np.isnan(a), NAN, a)


def generator(salt, *more):
    return np.random.Generator(np.random.PCG64([SEED, zlib.crc32(salt.encode()), *more]))


def fill(layer, case, names, salt):
    rng = generator(salt)
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
    """Every array by its path; and the outputs among them, each with the magnitude that it is at
    least known to in units of the last place, however much cancelled in it."""
    arrays, outputs = {}, {}
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
                    outputs['%s/%s.npy' % (folder, name)] = 0.0
    for folder, _, inputs, steps in trainings():
        if folder + '/loss.npy' in outputs:
            sys.exit('fixtures: %s is in the table twice' % folder)
        arrays.update(('%s/%s.npy' % (folder, k), v) for k, v in inputs.items())
        for name, (values, least) in results_of(steps).items():
            arrays['%s/%s.npy' % (folder, name)] = plain(values)
            outputs['%s/%s.npy' % (folder, name)] = least
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
            rng = generator(salt, 1)
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


def check_trainings():
    """All gradients of all steps against central differences of the loss: at a few places, and
    along one direction that moves every element. Nothing may choose otherwise between the two
    sides, nor be so near to another choice that the rounding of a float could take it."""
    for folder, t, inputs, steps in trainings():
        rng = generator(folder, t.draw, 1)
        for k, step in enumerate(steps):
            where = '%s: step %d' % (folder, k)
            progress('gradients of ' + where)
            chosen = networks.choices(step.trace)
            margin = min([margin for _, margin in chosen], default=1.0)
            if not margin >= MARGIN:
                sys.exit('fixtures: %s: %.2g from another choice: draw others' % (where, margin))
            batch = slice(k * t.batch, (k + 1) * t.batch)
            images, labels = inputs['images'][batch], inputs['labels'][batch]
            for name, w in step.parameters.items():
                if np.shape(step.gradients[name]) != w.shape:
                    sys.exit('fixtures: %s: %s has a gradient of another shape' % (where, name))
                ways = np.zeros((4, w.size))
                ways[0] = np.sign(rng.random(w.size) - 0.5) / np.sqrt(w.size)
                ways[[1, 2, 3], (rng.random(3) * w.size).astype(int)] = 1
                for way in ways.reshape(-1, *w.shape):
                    check_way(t, step, chosen, images, labels, name, 4e-6 * way, where)


def check_way(t, step, chosen, images, labels, name, way, where):
    w, loss = step.parameters[name], []
    for near in (w + way, w - way):
        trace = networks.run(t.network, t.form, {**step.parameters, name: near}, images, True)
        if not all(np.array_equal(a, b)
                   for (a, _), (b, _) in zip(chosen, networks.choices(trace))):
            sys.exit('fixtures: %s: %s: another choice between the sides' % (where, name))
        loss.append(networks.loss(t.network, trace, labels)[0])
    moved = (w + way) - (w - way)
    change, wanted = loss[0] - loss[1], (step.gradients[name] * moved).sum()
    noise = 8 * np.spacing(1.0) * (step.loss + abs(step.trace[-1].y).max())
    if not abs(change - wanted) <= 1e-6 * (step.terms[name] * abs(moved)).sum() + noise:
        sys.exit('fixtures: %s: by the gradient of %s the loss changes by %r, and it does by %r'
                 % (where, name, float(wanted), float(change)))


def progress(text):
    """One line that writes over itself, on a terminal only."""
    if sys.stderr.isatty():
        print('\r\033[K' + text, end='', file=sys.stderr, flush=True)


# What is committed, against it ----------------------------------------------------------------

def moved(path, new, old, least):
    """Nothing; or whether rounding explains it, and by how much it moved. The unit is the last
    place of the operand's largest magnitude, and of each element where nothing was added up; of no
    less than `least`, which is None for an input."""
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
    unit = np.spacing(size if path.startswith(EACH) else size.max(initial=least or 0.0))
    ulps = (abs(new - old) / unit).max(initial=0.0)
    return least is not None and bool(ulps <= ULPS), '%.3g ulp' % ulps


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


def scripts():
    """The hash of everything that says what the fixtures are."""
    return {'scripts/' + name: sha256((SCRIPTS / name).read_bytes())
            for name in ('fixtures.py', 'layers.py', 'networks.py')}


def manifest(files):
    lines = ['# %s %s' % script for script in scripts().items()]
    lines += ['# numpy %s' % np.__version__, '# python %s' % platform.python_version(),
              '# seed %d' % SEED]
    return '\n'.join(lines + ['%s  %s' % (sha256(files[p]), p) for p in sorted(files)]) + '\n'


def read_manifest():
    """The scripts and the fixtures: path -> hash."""
    path = FIXTURES / 'MANIFEST'
    lines = path.read_text().splitlines() if path.exists() else []
    return (dict(line.split()[1:] for line in lines if line.startswith('# scripts/')),
            {line.partition('  ')[2]: line.partition('  ')[0]
             for line in lines if not line.startswith('#')})


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
        old = moved(path, arrays[path], load(FIXTURES / path), outputs.get(path))
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
        try:
            check_trainings()
        finally:
            progress('')
        arrays, outputs = make()
        files = {path: pack(array) for path, array in arrays.items()}
        makers, hashes = read_manifest()
        own = {path.split('/')[0] for path in [*files, *hashes]
               if re.match(r'(\w+\.\w+|networks)/', path)}
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
        if makers != scripts():
            sys.exit('fixtures: MANIFEST was written by other scripts than these: run fixtures.py')
        sys.exit(any(kind != 'moved by rounding' for kind, _, _ in found))
    dirty = {path.split('/')[0] for path in there | set(files)
             if path not in there or (FIXTURES / path).read_bytes() != files.get(path)}
    if dirty or (makers, hashes) != (scripts(), {p: sha256(data) for p, data in files.items()}):
        install(files, sorted(dirty))


if __name__ == '__main__':
    main()
