#!/usr/bin/python3
"""Makes fixtures/defects/: what NumPy gives for the documents' code as it is written.

  scripts/defects.py           make all anew, and install
  scripts/defects.py --check   change nothing; exit 1 if the fixtures are not what this file makes

fixtures/defects/<id>/<case>/ holds the inputs of the layer.function that the defect stands in for
and, under the names of its outputs, what is right: by the formulas of the fixtures, or of STEPS
below. written/<operand>.npy is what the document's code gives, NaN where it never writes, and what
it makes of an input that it changes. Where it stops with an exception, `raises` holds that instead.
Every case is held against the figures that were seen when the document itself ran, where its input
is known.
"""
import argparse
import os
import shutil
import sys
import tempfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import fixtures
import numpy as np
from fixtures import NAN, SEED, call, load, moved, pack, plain

FOLDER = fixtures.FIXTURES / 'defects'
CASES = []


class Row(SimpleNamespace):
    """One defect: its shape, its inputs, what the document does, and figures that it must give."""


def defect(name, function, text, figures=None, **inputs):
    """Decorates what the document does: from the shape and the inputs to a dict of operands."""
    def add(written):
        CASES.append(Row(id=name, function=function, text=text, inputs=inputs, written=written,
                         figures=figures or {}))
        return written
    return add


def whole(*dims, low=-9, high=9):
    return lambda rng: rng.integers(low, high + 1, dims)


def distinct(*dims):
    """A permutation: no ties."""
    return lambda rng: rng.permutation(int(np.prod(dims))).reshape(dims) - int(np.prod(dims)) // 3


def bell(*dims):
    return lambda rng: rng.normal(size=dims)


def nhwc(x):
    return np.moveaxis(x, 1, -1)


def nchw(x):
    return np.moveaxis(x, -1, 1)


def valid(image, kernel):
    """The correlation of two planes where the kernel fits."""
    view = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (view * kernel).sum(axis=(2, 3))


def full(image, kernel):
    """The full convolution of two planes."""
    p, q = kernel.shape
    return valid(np.pad(image, ((p - 1, p - 1), (q - 1, q - 1))), np.rot90(kernel, 2))


# 000: arrays are (image, row, column, channel), filters (filter, row, column, channel) ----------

CONV_000 = 'n=2,c=2,h=4,w=5,o=5,kh=3,kw=3,stride=1,pad=1,bias=channel'
X_000, W_000, DY_000 = whole(2, 2, 4, 5), whole(5, 2, 3, 3), whole(2, 5, 4, 5)


def multiplied(s, x, w, b):
    x = np.pad(nhwc(x), ((0, 0), (s.pad, s.pad), (s.pad, s.pad), (0, 0)))
    w, out = nhwc(w), np.zeros((s.n, s.h, s.w, s.o))
    for i, j, k, l in np.ndindex(out.shape):
        out[i, j, k, l] = np.sum(x[i, j:j + s.kh, k:k + s.kw] * w[l] * b[l])
    return nchw(out)


defect('D000-01', 'conv2d.forward', CONV_000, x=X_000, w=W_000, b=whole(5))(
    lambda s, x, w, b: {'y': multiplied(s, x, w, b)})


def backward_000(s, x, dy, w=None, index=lambda j, l: l, rows=None, cols=None):
    """dw and dx of the four loops; `index` says which filter gets it."""
    x = np.pad(nhwc(x), ((0, 0), (s.pad, s.pad), (s.pad, s.pad), (0, 0)))
    g, dw, dx = nhwc(dy), np.zeros((s.o, s.kh, s.kw, s.c)), np.zeros_like(x, float)
    for i, j, k, l in np.ndindex(s.n, rows or g.shape[1], cols or g.shape[2], s.o):
        dw[index(j, l)] += x[i, j:j + s.kh, k:k + s.kw] * g[i, j, k, l]
        if w is not None:
            dx[i, j:j + s.kh, k:k + s.kw] += nhwc(w)[index(j, l)] * g[i, j, k, l]
    return nchw(dw), nchw(dx[:, s.pad:s.pad + s.h, s.pad:s.pad + s.w])


defect('D000-02', 'scaled_conv2d.backward',
       'n=2,c=2,h=4,w=5,o=5,kh=3,kw=3,stride=1,pad=1',
       x=whole(2, 2, 4, 5, low=-4, high=4), w=whole(5, 2, 3, 3, low=-4, high=4),
       b=whole(5, low=-4, high=4), dy=whole(2, 5, 4, 5, low=-4, high=4))(
    lambda s, x, w, b, dy: {'y': multiplied(s, x, w, b), 'dw': backward_000(s, x, dy)[0],
                            'db': nhwc(dy).sum(axis=(0, 1, 2))})
defect('D000-03', 'conv2d.backward_weights', CONV_000, x=X_000, dy=DY_000)(
    lambda s, x, dy: {'dw': backward_000(s, x, dy, index=lambda j, l: j)[0],
                      'db': nhwc(dy).sum(axis=(0, 1, 2))})
defect('D000-04', 'conv2d.backward_data', CONV_000, w=W_000, dy=DY_000)(
    lambda s, w, dy: {'dx': backward_000(s, np.zeros((2, 2, 4, 5)), dy, w,
                                         index=lambda j, l: j)[1]})
defect('D000-05', 'conv2d.backward_weights', CONV_000, x=X_000, dy=DY_000)(
    lambda s, x, dy: {'dw': backward_000(s, x, dy, rows=2, cols=2)[0],
                      'db': nhwc(dy).sum(axis=(0, 1, 2))})


def pool_000(s, x):
    x, out = nhwc(x), np.zeros((s.n, 1 + (s.h - s.k) // s.stride, 1 + (s.w - s.k) // s.stride, s.c))
    for i, j, k, l in np.ndindex(out.shape):
        out[i, j, k, l] = x[i, s.stride * j:s.stride * j + s.k,
                            s.stride * k:s.stride * k + s.k, l].max()
    return out


def unpool_000(s, region, dy, size):
    """Masks of windows of `region`, as many as fit into `size`."""
    g, dx = nhwc(dy), np.zeros((s.n, s.h, s.w, s.c))
    for i, j, k, l in np.ndindex(s.n, 1 + (size[1] - s.k) // s.stride,
                                 1 + (size[2] - s.k) // s.stride, s.c):
        rows, cols = [slice(s.stride * m, s.stride * m + s.k) for m in (j, k)]
        window = region[i, rows, cols, l]
        dx[i, rows, cols, l] += (window == window.max()) * g[i, j, k, l]
    return nchw(dx)


POOL_000 = 'n=2,c=2,h=8,w=8,k=2,stride=2'
defect('D000-06', 'maxpool.backward', POOL_000, x=distinct(2, 2, 8, 8), dy=whole(2, 2, 4, 4))(
    lambda s, x, dy: {'dx': unpool_000(s, pool_000(s, x), dy, pool_000(s, x).shape)})
defect('D000-07', 'maxpool.backward', POOL_000, x=distinct(2, 2, 8, 8), dy=whole(2, 2, 4, 4))(
    lambda s, x, dy: {'dx': unpool_000(s, nhwc(x), dy, pool_000(s, x).shape)})
defect('D000-18', 'maxpool.backward', 'n=1,c=1,h=2,w=2,k=2,stride=2', {'dx': [[[[1, 1], [0, 1]]]]},
       x=[[[[1, 1], [0, 1]]]], dy=[[[[1]]]])(
    lambda s, x, dy: {'dx': unpool_000(s, nhwc(x), dy, (1, 2, 2))})


def slope_000(x):
    return 2 / (x.max() - x.min())


defect('D000-08', 'minmax.backward', 'len=12', x=bell(12), dy=bell(12))(
    lambda s, x, dy: {'dx': np.full_like(x, slope_000(x))})
for name, size in ('D000-12', 3), ('D000-13', 12):
    defect(name, 'minmax.backward', 'len=%d' % size, x=bell(size), dy=bell(size))(
        lambda s, x, dy: {'dx': dy * np.full_like(x, slope_000(x))})


@defect('D000-14', 'minmax_dense.backward', 'n=6,in=1,out=1', x=bell(6), dy=bell(6))
def _(s, x, dy):
    g = dy * slope_000(x)
    return {'dx': g, 'dw': np.dot(x, g)[None], 'db': np.sum(g)[None]}


def minmax_000(x):
    return 2 * ((x - x.min()) / (x.max() - x.min())) - 1


defect('D000-15', 'sigmoid.forward', 'len=6', x=[-9, -2, 0, 1, 4, 9])(
    lambda s, x: {'y': 1 / (1 + np.exp(-minmax_000(x)))})
defect('D000-16', 'minmax.apply', 'len=2', {'y': [-1, 1]}, x=[3, 5], range=[0, 8])(
    lambda s, x, range: {'y': minmax_000(x)})
defect('D000-30', 'relu.forward', 'len=4', {'y': [0, 0, 0.333333333, 1]}, x=[-1, 0.5, 1, 2])(
    lambda s, x: {'y': np.maximum(0, minmax_000(x))})


@defect('D000-09', 'dense.backward', 'n=4,in=5,out=1', x=whole(4, 5), w=whole(5, 1), dy=whole(4, 1))
def _(s, x, w, dy):
    grad_afo_wrt_ho = np.dot(dy, w.T)
    return {'dx': dy * grad_afo_wrt_ho, 'dw': np.dot(x.T, dy), 'db': dy.sum(axis=0)}


defect('D000-10', 'relu_dense.backward', 'n=4,in=5,out=3', x=whole(4, 5), w=whole(5, 3),
       dy=whole(4, 3))(
    lambda s, x, w, dy: {'y': np.maximum(0, x), 'dw': np.dot(x.T, dy), 'db': dy.sum(axis=0)})
defect('D000-11', 'bce.backward', 'n=4,len=1,eps=1e-15', p=[[.25], [.5], [.75], [.125]],
       t=[[1], [0], [1], [1]])(
    lambda s, p, t: {'dp': -(t / p) + (1 - t) / (1 - p)})


# 001: one image, (channel, row, column) ---------------------------------------------------------

@defect('D001-02', 'conv2d.forward', 'n=1,c=2,h=4,w=4,o=2,kh=3,kw=3,stride=1,pad=0,bias=position',
        x=whole(1, 2, 4, 4), w=whole(2, 2, 3, 3), b=whole(2, 2, 2))
def _(s, x, w, b):
    out = np.zeros(b.shape)
    for i, j in np.ndindex(s.o, s.c):
        out[i] = b[i] + valid(x[0, j], w[i, j])
    return {'y': out[None]}


@defect('D001-03', 'conv2d.backward_weights',
        'n=1,c=1,h=4,w=4,o=2,kh=3,kw=3,stride=1,pad=0,bias=position',
        {'db': np.full((2, 2, 2), 28)}, x=whole(1, 1, 4, 4), dy=np.arange(8).reshape(1, 2, 2, 2))
def _(s, x, dy):
    dw = np.zeros((s.o, s.c, s.kh, s.kw))
    for i, j in np.ndindex(s.o, s.c):
        dw[i, j] = valid(x[0, j], dy[0, i])
    return {'dw': dw, 'db': np.full(dy[0].shape, np.sum(dy))}


def unpool_001(s, x, dy, source, add, window=1, gradient=lambda r, stride: r // stride,
               honoured=True, cut=False):
    """Its loops, over (c, h, w) of one image. `source` is what the mask is taken of; a window
    begins at `window` times r; `cut` leaves out the broadcast of a mask that the edge cut."""
    dx, g = np.zeros(x[0].shape), dy[0] if honoured else np.zeros(x[0].shape)
    for d in range(s.c):
        for r in range(0, s.h - 1, s.stride):
            for c in range(0, s.w - 1, s.stride):
                top, left = r * window, c * window
                place = (d, slice(top, top + s.k), slice(left, left + s.k))
                mask = source[place] == np.max(source[place])
                if cut:
                    place = (d, slice(r, r + mask.shape[0]), slice(c, c + mask.shape[1]))
                got = mask * g[d, gradient(r, s.stride), gradient(c, s.stride)]
                dx[place] = dx[place] + got if add else got
    return {'dx': dx[None]}


def pool_001(s, x):
    out = np.zeros((s.c, (s.h - s.k) // s.stride + 1, (s.w - s.k) // s.stride + 1))
    for d in range(s.c):
        for r in range(0, s.h - 1, s.stride):
            for c in range(0, s.w - 1, s.stride):
                out[d, r // s.stride, c // s.stride] = np.max(x[0, d, r:r + s.k, c:c + s.k])
    return out


NORMAL_001 = np.random.RandomState(0).randn(1, 1, 4, 4)
OVERLAP = 'n=1,c=1,h=4,w=4,k=2,stride=1'
RISING = np.arange(1, 10).reshape(1, 1, 3, 3)
defect('D001-04', 'maxpool.backward', OVERLAP, {'dx': np.zeros((1, 1, 4, 4))},
       x=NORMAL_001, dy=np.ones((1, 1, 3, 3)))(
    lambda s, x, dy: unpool_001(s, x, dy, x[0], False, honoured=False))
defect('D001-05', 'maxpool.backward', OVERLAP,
       {'dx': [[[[1, 0, 5, 0], [5, 0, 11, 0], [7, 0, 28, 0], [0, 0, 0, 0]]]]},
       x=NORMAL_001, dy=RISING)(
    lambda s, x, dy: unpool_001(s, x, dy, pool_001(s, x), True, cut=True))
defect('D001-11', 'maxpool.backward', 'n=1,c=1,h=2,w=5,k=2,stride=1', x=[[[[5, 1, 2, 3, 0],
       [1, 2, 7, 4, 1]]]], dy=[[[[1, 2, 3, 4]]]])(
    lambda s, x, dy: unpool_001(s, x, dy, pool_001(s, x), True))
defect('D001-06', 'maxpool.backward', 'n=1,c=1,h=4,w=4,k=2,stride=2', x=distinct(1, 1, 4, 4),
       dy=whole(1, 1, 2, 2))(
    lambda s, x, dy: unpool_001(s, x, dy, x[0], True, window=s.stride))
defect('D001-07', 'maxpool.backward', 'n=1,c=1,h=4,w=4,k=2,stride=2', x=distinct(1, 1, 4, 4),
       dy=whole(1, 1, 2, 2))(
    lambda s, x, dy: unpool_001(s, x, dy, x[0], True, gradient=lambda r, stride: r))
defect('D001-08', 'maxpool.backward', 'n=1,c=1,h=3,w=3,k=2,stride=1',
       {'dx': [[[[0, 0, 0], [0, 1, 0], [0, 0, 0]]]]},
       x=[[[[0, 1, 2], [3, 9, 4], [5, 6, 7]]]], dy=np.ones((1, 1, 2, 2)))(
    lambda s, x, dy: unpool_001(s, x, dy, x[0], False))
defect('D001-09', 'maxpool.backward', 'n=1,c=1,h=2,w=2,k=2,stride=1', {'dx': np.ones((1, 1, 2, 2))},
       x=np.zeros((1, 1, 2, 2)), dy=np.ones((1, 1, 1, 1)))(
    lambda s, x, dy: unpool_001(s, x, dy, x[0], True))
defect('D001-10', 'maxpool.forward', 'n=1,c=1,h=4,w=4,k=1,stride=1', x=np.ones((1, 1, 4, 4)))(
    lambda s, x: {'y': pool_001(s, x)[None]})


@defect('D001-36', 'maxpool.forward', 'n=1,c=1,h=6,w=6,k=2,stride=2',
        {'y': [[[[7, 9, NAN], [19, 21, NAN], [NAN, NAN, NAN]]]]},
        x=np.arange(36).reshape(1, 1, 6, 6))
def _(s, x):
    out = np.full((1, 1, 3, 3), NAN)
    out[0, :, :2, :2] = pool_001(SimpleNamespace(c=1, h=4, w=4, k=2, stride=2), x)
    return {'y': out}


def tanh_001(x):
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


defect('D001-13', 'tanh.forward', 'len=4', {'y': [NAN, 1, NAN, -0.4621171572600098]},
       x=[710, 709, 1000, -0.5])(
    lambda s, x: {'y': tanh_001(x)})
defect('D001-14', 'tanh.backward', 'len=2', x=[710, -0.5], dy=[1, 2])(
    lambda s, x, dy: {'dx': dy * (1 - tanh_001(x) ** 2)})


def softmax_001(x):
    e = np.exp(x)
    return e / np.sum(e, axis=0)


defect('D001-15', 'softmax.forward', 'n=2,len=2', {'y': [[NAN, 0], [NAN, NAN]]},
       x=[[710, 0], [-800, -801]])(
    lambda s, x: {'y': np.array([softmax_001(row) for row in x])})
defect('D001-16', 'softmax.backward', 'n=1,len=3', y=[[.5, .25, .25]], dy=[[1, -2, 3]])(
    lambda s, y, dy: {'dx': np.dot((np.identity(3) - y[0].T) * y[0], dy[0])[None]})


def log_loss(t, p):
    return np.mean(-t * np.log(p) - (1 - t) * np.log(1 - p))


def log_loss_slope(t, p):
    return ((1 - t) / (1 - p) - t / p) / np.size(t)


defect('D001-17', 'xent.forward', 'n=1,len=2', {'loss': NAN}, z=[[760, 0]], t=[[1, 0]])(
    lambda s, z, t: {'loss': log_loss(t[0], softmax_001(z[0]))})
defect('D001-26', 'xent.forward', 'n=1,len=3', {'loss': 0.2284}, z=np.log([[.7, .2, .1]]),
       t=[[1, 0, 0]])(
    lambda s, z, t: {'loss': log_loss(t[0], softmax_001(z[0]))})


@defect('D001-18', 'xent.backward', 'n=1,len=2', {'dz': [[NAN, NAN]]}, z=[[38, 0]], t=[[1, 0]])
def _(s, z, t):
    p = softmax_001(z.T)
    column = np.dot((np.identity(2) - p.T) * p, log_loss_slope(t.T, p))
    return {'dz': column.T}


def hits(z, t):
    return np.mean([np.argmax(a) == np.argmax(b) for a, b in zip(z, t)])


defect('D001-19', 'accuracy.forward', 'n=5,len=2', {'accuracy': 0.4}, z=np.full((5, 2), NAN),
       t=[[1, 0], [0, 1], [0, 1], [1, 0], [0, 1]])(
    lambda s, z, t: {'accuracy': hits(z, t)})
defect('D001-20', 'relu.forward', 'len=3', {'y': [0, 0, 2]}, x=[NAN, -1, 2])(
    lambda s, x: {'y': np.where(x > 0, x, 0)})
defect('D001-35', 'dense.forward', 'n=1,in=3,out=2', x=whole(1, 3), w=whole(3, 2), b=[4, 5])(
    lambda s, x, w, b: {'y': (np.dot(w.T, x[0]) + b[:, None])[:1]})


# 002: one image, (channel, row, column), padded to keep its size --------------------------------

@defect('D002-04', 'transpose.to_nchw', 'n=1,c=2,h=2,w=3', x=distinct(1, 2, 3, 2))
def _(s, x):
    moved_ = np.moveaxis(x, -1, 1) if len(x.shape) == 4 and x.shape[3] == 3 else x
    return {'y': moved_.reshape(s.n, s.c, s.h, s.w)}


@defect('D002-07', 'dense.forward', 'n=3,in=5,out=1', x=whole(3, 5, low=0), w=np.full((5, 1), 4),
        b=[0])
def _(s, x, w, b):
    """A window of five instead of a hundred; `w` is one over its length, times 20."""
    printed, loss = [], 0
    for i, step in enumerate(x.ravel()):
        if i > 0 and i % 5 == 4:
            printed.append(loss * w[0])
            loss = 0
        loss += step
    return {'y': np.array(printed)}


def backprop_002(y, g):
    """The derivative of a softmax whose outputs are y, by the document's loop; None as it comes."""
    for i, gradient in enumerate(g):
        if gradient == 0:
            continue
        slope = -y[i] * y
        slope[i] = y[i] * (1 - y[i])
        return gradient * slope


defect('D002-08', 'softmax.backward', 'n=1,len=3', y=[[.5, .25, .25]], dy=[[1, -2, 3]])(
    lambda s, y, dy: {'dx': backprop_002(y[0], dy[0])[None]})
defect('D002-09', 'softmax.backward', 'n=1,len=3', {'dx': [[NAN] * 3]}, y=[[.5, .25, .25]],
       dy=[[0, 0, 0]])(
    lambda s, y, dy: {'dx': np.full((1, 3), backprop_002(y[0], dy[0]), float)})
defect('D002-10', 'softmax.forward', 'n=2,len=2', {'y': [[NAN, 0], [NAN, NAN]]},
       x=[[710, 0], [-800, -801]])(
    lambda s, x: {'y': np.array([softmax_001(row) for row in x])})


def step_002(z, label):
    e = np.exp(z)
    total = np.sum(e)
    slope = -e[label] * e / total ** 2
    slope[label] = e[label] * (total - e[label]) / total ** 2
    return -1 / (e / total)[label] * slope


defect('D002-11', 'xent.backward', 'n=1,len=2', {'dz': [[NAN, NAN]]}, z=[[356, 355]], t=[[1, 0]])(
    lambda s, z, t: {'dz': step_002(z[0], 0)[None]})
defect('D002-12', 'xent.forward', 'n=1,len=2', {'loss': np.inf}, z=[[0, -760]], t=[[0, 1]])(
    lambda s, z, t: {'loss': -np.log(softmax_001(z[0])[1])})


@defect('D002-13', 'maxpool.backward', 'n=1,c=1,h=2,w=2,k=2,stride=2',
        {'dx': np.ones((1, 1, 2, 2))}, x=np.zeros((1, 1, 2, 2)), dy=[[[[1]]]])
def _(s, x, dy):
    dx, most = np.zeros(x.shape), np.amax(x[0], axis=(1, 2))
    for i, j, f in np.ndindex(2, 2, 1):
        if x[0, f, i, j] == most[f]:
            dx[0, f, i, j] = dy[0, f, 0, 0]
    return {'dx': dx}


@defect('D002-14', 'relu.backward', 'len=2', {'dy': [0, 5]}, x=[-1, 2], dy=[5, 5])
def _(s, x, dy):
    dy[x < 0] = 0
    return {'dx': dy, 'dy': dy}


def relu_002(x, dy):
    dy = dy.copy()
    dy[x < 0] = 0
    return {'dx': dy}


defect('D002-15', 'relu.backward', 'len=2', {'dx': [1, 1]}, x=[0, 3], dy=[1, 1])(
    lambda s, x, dy: relu_002(x, dy))
defect('D002-16', 'two_relus.backward', 'len=2', {'dx': [-1, 0]}, x=[-1, 2], other=[3, -2],
       dy=[-1, -1])(
    lambda s, x, other, dy: relu_002(other, dy))


@defect('D002-18', 'conv2d.backward_data', 'n=1,c=2,h=4,w=5,o=2,kh=2,kw=2,stride=1,pad=1,bias=none',
        w=whole(2, 2, 2, 2), dy=whole(1, 2, 5, 6))
def _(s, w, dy):
    size, g = s.kh // 2, np.pad(dy[0], ((0, 0), (s.kh // 2,) * 2, (s.kh // 2,) * 2))
    turned, dx = np.rot90(np.moveaxis(w, 0, 1), 2, axes=(2, 3)), np.zeros((s.c, s.h, s.w))
    assert size == s.pad
    for i, j, d in np.ndindex(s.h, s.w, s.c):
        dx[d, i, j] += np.sum(g[:, i:i + s.kh, j:j + s.kw] * turned[d])
    return {'dx': dx[None]}


def forward_002(s, x, w, b, value=0):
    p = np.pad(x, ((0, 0), (s.kh // 2,) * 2, (s.kw // 2,) * 2), constant_values=value)
    out = np.zeros((s.o, s.h, s.w)) + b
    for i, j in np.ndindex(s.h, s.w):
        out[:, i, j] += np.sum(p[:, i:i + s.kh, j:j + s.kw] * w, axis=(1, 2, 3))
    return {'y': out[None]}


SAME_002 = 'n=1,c=3,h=4,w=5,o=2,kh=%d,kw=%d,stride=1,pad=%d,bias=position'
defect('D002-19', 'conv2d.forward', SAME_002 % (5, 5, 2), x=whole(1, 3, 4, 5), w=whole(2, 3, 5, 5),
       b=whole(2, 4, 5))(
    lambda s, x, w, b: forward_002(s, x[0], w, b, value=s.pad))
defect('D002-20', 'conv2d.forward', SAME_002 % (3, 3, 1), x=whole(1, 3, 4, 5), w=whole(2, 3, 3, 3),
       b=whole(2, 4, 5))(
    lambda s, x, w, b: forward_002(s, x[0, :1], w, b))
defect('D002-32', 'interrupted_dense.backward', 'n=1,in=4,out=3', x=whole(1, 4), other=whole(1, 4),
       w=whole(4, 3), dy=whole(1, 3))(
    lambda s, x, other, w, dy: {'dx': (w @ dy[0])[None], 'dw': other.T @ dy, 'db': dy[0]})


# 003 --------------------------------------------------------------------------------------------

CONV_003 = 'n=1,c=2,h=4,w=5,o=2,kh=3,kw=3,stride=1,pad=0,bias=position'


def forward_003(s, x, w, b):
    out = np.zeros(b.shape)
    for i in range(s.o):
        for j in range(s.c):
            out[i] += valid(x[0, j], w[i, j])
        out[i] += b[i, j]
    return {'y': out[None]}


defect('D003-01', 'conv2d.forward', CONV_003, {'y': np.full((1, 2, 2, 3), NAN)},
       x=whole(1, 2, 4, 5), w=whole(2, 2, 3, 3), b=whole(2, 2, 3))(
    lambda s, x, w, b: {'y': np.full((1, 2, 2, 3), NAN)})
defect('D003-02', 'conv2d.forward', CONV_003, x=whole(1, 2, 4, 5), w=whole(2, 2, 3, 3),
       b=whole(2, 2, 3))(forward_003)
defect('D003-03', 'conv2d.forward', 'n=1,c=4,h=4,w=4,o=1,kh=3,kw=3,stride=1,pad=0,bias=position',
       x=whole(1, 4, 4, 4), w=whole(1, 4, 3, 3), b=whole(1, 2, 2))(forward_003)


def dense_003(x, w, dy):
    return {'dx': (w @ dy[0])[None], 'dw': np.outer(x[0], dy[0]), 'db': dy[0]}


SQUARE = dict(x=[[1, 2]], w=[[1, 3], [2, 4]], dy=[[3, 5]])
defect('D003-06', 'dense.backward', 'n=1,in=2,out=2', {'dw': [[13, 13], [13, 13]]}, **SQUARE)(
    lambda s, x, w, dy: {**dense_003(x, w, dy), 'dw': np.full((2, 2), np.dot(dy[0], x[0].T))})
defect('D003-07', 'dense.backward', 'n=1,in=2,out=2', **SQUARE)(
    lambda s, x, w, dy: {**dense_003(x, w, dy), 'dx': np.dot(dy[0], w.T.T)[None]})
defect('D003-08', 'dense.forward', 'n=1,in=3,out=2', x=whole(1, 3), w=whole(3, 2), b=[4, 5])(
    lambda s, x, w, b: {'y': (np.dot(w.T, x.T) + b)[:1]})
defect('D003-09', 'bce.forward', 'n=1,len=2,eps=0', {'loss': 1.2040}, p=[[.9, .1]], t=[[1, 0]])(
    lambda s, p, t: {'loss': log_loss(t.T, p[0])})


def sigmoid_003(x):
    return 1 / (1 + np.exp(-x))


defect('D003-10', 'bce_logits.forward', 'n=1,len=2', {'loss': NAN}, z=[[37, -37]], t=[[1, 0]])(
    lambda s, z, t: {'loss': log_loss(t[0], sigmoid_003(z[0]))})
@defect('D003-11', 'bce_logits.backward', 'n=1,len=2', {'dz': [[NAN, 0]]}, z=[[37, -37]],
        t=[[1, 0]])
def _(s, z, t):
    p = sigmoid_003(z)
    return {'dz': log_loss_slope(t, p) * (p * (1 - p))}



defect('D003-16', 'conv2d.backward_weights', CONV_003, x=whole(1, 2, 4, 5), dy=whole(1, 2, 2, 3))(
    lambda s, x, dy: {'dw': np.array([[valid(x[0, j], np.rot90(dy[0, i], 2)) for j in range(s.c)]
                                      for i in range(s.o)]), 'db': dy[0]})
defect('D003-17', 'conv2d.backward_data', CONV_003, w=whole(2, 2, 3, 3), dy=whole(1, 2, 2, 3))(
    lambda s, w, dy: {'dx': np.array([[sum(full(dy[0, i], np.rot90(w[i, j], 2))
                                           for i in range(s.o)) for j in range(s.c)]])})


# 004 --------------------------------------------------------------------------------------------

defect('D004-04', 'relu.forward', 'len=4', x=[-2, -0.5, 0, 3])(lambda s, x: {'y': x.copy()})


@defect('D004-05', 'dense_sgd.backward', 'in=4,out=3,lr=0.5', x=whole(4), w=whole(4, 3), b=whole(3),
        dy=whole(3))
def _(s, x, w, b, dy):
    """It climbs with the gradient of a likelihood, -dy."""
    g = x[:, None] * -dy
    w = w + g * s.lr
    b = b + -dy * s.lr
    dxdkk = w
    return {'dx': -(-dy * dxdkk).sum(axis=1), 'stepped': w, 'settled': b}


def kern2_004(s, k, g, stride=1):
    out = np.zeros((s.o, s.c, s.kh, s.kw))
    rows, cols = g.shape[1:]
    for f, p, q in np.ndindex(s.o, s.kh, s.kw):
        part = k[:, p:p + stride * rows:stride, q:q + stride * cols:stride]
        out[f, :, p, q] = (g[f][None] * part).sum(axis=(1, 2))
    return out


CONV_004 = 'n=1,c=3,h=9,w=9,o=2,kh=4,kw=4,stride=2,pad=0'


@defect('D004-06', 'conv2d_step.backward', CONV_004 + ',lr=0.5', x=whole(1, 3, 9, 9),
        w=whole(2, 3, 4, 4), dy=whole(1, 2, 3, 3))
def _(s, x, w, dy):
    g = kern2_004(s, x[0], -dy[0], s.stride)
    w = w + g * s.lr
    dx = np.zeros(x[0].shape)
    for c, i, j in np.ndindex(s.c, 3, 3):
        dx[c, i * s.stride:i * s.stride + s.kh, j * s.stride:j * s.stride + s.kw] += (
            -dy[0, :, i, j].reshape(s.o, 1, 1) * w[:, c]).sum(axis=0)
    return {'dw': -g, 'dx': -dx[None], 'updated': w}


defect('D004-07', 'conv2d.backward_weights', CONV_004 + ',bias=channel', x=whole(1, 3, 9, 9),
       dy=whole(1, 2, 3, 3))(
    lambda s, x, dy: {'dw': kern2_004(s, x[0], dy[0]), 'db': dy[0].sum(axis=(1, 2))})
KERN_004 = 'n=1,c=1,h=%d,w=%d,o=3,kh=4,kw=4,stride=%d,pad=0,bias=channel'


def kern_004(s, xx, g):
    """Rows of the width and columns of the height, as the document has them."""
    out, (rsh, rsw) = np.zeros((s.o, s.kh, s.kw)), g.shape[1:]
    for p, q in np.ndindex(s.kh, s.kw):
        out[:, p, q] = (xx[p:p + rsw, q:q + rsh].reshape(1, rsw, rsh) * g).sum(axis=(1, 2))
    return out[:, None]


defect('D004-08', 'conv2d.backward_weights', KERN_004 % (8, 8, 2), x=whole(1, 1, 8, 8),
       dy=whole(1, 3, 3, 3))(
    lambda s, x, dy: {'dw': kern_004(s, x[0, 0], dy[0]), 'db': dy[0].sum(axis=(1, 2))})
defect('D004-09', 'conv2d.backward_weights', KERN_004 % (6, 9, 1), x=whole(1, 1, 6, 9),
       dy=whole(1, 3, 3, 6))(
    lambda s, x, dy: {'dw': kern_004(s, x[0, 0], dy[0]), 'db': dy[0].sum(axis=(1, 2))})
defect('D004-10', 'conv2d.backward_weights', CONV_004 + ',bias=channel', {'db': [0, 0]},
       x=whole(1, 3, 9, 9), dy=whole(1, 2, 3, 3))(
    lambda s, x, dy: {'dw': kern2_004(s, x[0], dy[0], s.stride), 'db': np.zeros(2)})


def ascent_004(x, label):
    y = np.exp(x) / np.sum(np.exp(x))
    dydx = -np.exp(x)[label] * np.exp(x) / np.sum(np.exp(x)) ** 2
    dydx[label] = np.exp(x)[label] * (np.sum(np.exp(x)) - np.exp(x)[label]) / np.sum(np.exp(x)) ** 2
    return 1 / y[label] * dydx


defect('D004-11', 'xent.backward', 'n=1,len=2', {'dz': [[0, 0]]}, z=[[356, 0]], t=[[0, 1]])(
    lambda s, z, t: {'dz': -ascent_004(z[0], 1)[None]})
defect('D004-12', 'xent.backward', 'n=1,len=2', {'dz': [[NAN, NAN]]}, z=[[0, 760]], t=[[1, 0]])(
    lambda s, z, t: {'dz': -ascent_004(z[0], 0)[None]})
defect('D004-14', 'xent.backward', 'n=1,len=3', z=[[1, 0, 2]], t=[[0, 1, 0]])(
    lambda s, z, t: {'dz': ascent_004(z[0], 1)[None]})
defect('D004-25', 'accuracy.forward', 'n=4,len=2', {'accuracy': 1},
       z=[[2, 1], [0, 3], [1, 0], [1, 0]], t=[[1, 0], [0, 1], [0, 1], [0, 1]])(
    lambda s, z, t: {'accuracy': hits(z[:2], t[:2])})


# What is right where more than one layer is at work ---------------------------------------------

def layer_function(name):
    layer, function = name.split('.')
    return [f for l in fixtures.LAYERS if l.name == layer
            for f in l.functions if f.name == function][0]


def right(name, s, **operands):
    function = layer_function(name)
    return call(function, s, {k: v for k, v in operands.items() if k in function.inputs})


def scaled_conv2d(s, x, w, b, dy):
    s.bias = 'none'
    y = right('conv2d.forward', s, x=x, w=w)['y']
    dw = right('conv2d.backward_weights', s, x=x, dy=dy)['dw']
    return {'y': y * b[:, None, None], 'dw': dw * b[:, None, None, None],
            'db': (y * dy).sum(axis=(0, 2, 3))}


def conv2d_step(s, x, w, dy):
    s.bias = 'none'
    dw = right('conv2d.backward_weights', s, x=x, dy=dy)['dw']
    return {'dw': dw, **right('conv2d.backward_data', s, w=w, dy=dy), 'updated': w - s.lr * dw}


def minmax_dense(s, x, dy):
    dx = right('minmax.backward', s, x=x, dy=dy)['dx']
    return {'dx': dx, 'dw': np.zeros(1), 'db': np.zeros(1)}


STEPS = {
    'relu_dense.backward': lambda s, x, w, dy: {
        'y': np.maximum(0, x), 'dw': np.maximum(0, x).T @ dy, 'db': dy.sum(axis=0)},
    'conv2d_step.backward': conv2d_step,
    'scaled_conv2d.backward': scaled_conv2d,
    'two_relus.backward': lambda s, x, other, dy: {'dx': np.where(x <= 0, 0, dy)},
    'interrupted_dense.backward': lambda s, x, other, w, dy: {
        'dx': dy @ w.T, 'dw': x.T @ dy, 'db': dy.sum(axis=0)},
    'minmax_dense.backward': minmax_dense,
    'accuracy.forward': lambda s, z, t: {
        'accuracy': np.mean(z.argmax(axis=1) == t.argmax(axis=1)) if np.isfinite(z).all() else NAN},
}


def shape_of(text):
    values = [pair.split('=') for pair in text.split(',')]
    return SimpleNamespace(**{k: v if v.isalpha() else float(v) if k in ('lr', 'eps') else int(v)
                              for k, v in values})


def make():
    """Every file by its path below FOLDER, and the paths of outputs."""
    files, outputs = {}, set()
    for row in CASES:
        rng = np.random.Generator(np.random.PCG64([SEED, zlib.crc32(row.id.encode())]))
        inputs = {k: plain(np.float32(v(rng) if callable(v) else v)) for k, v in row.inputs.items()}
        folder = '%s/%s/' % (row.id, row.text)
        files.update((folder + k + '.npy', v) for k, v in inputs.items())

        def copies():
            return {k: v.copy() for k, v in inputs.items()}
        step = STEPS.get(row.function)
        correct = (step(shape_of(row.text), **copies()) if step
                   else right(row.function, shape_of(row.text), **copies()))
        try:
            written = row.written(shape_of(row.text), **copies())
        except (IndexError, ValueError) as error:
            files[folder + 'raises'] = '%s: %s\n' % (type(error).__name__, error)
            written = {}
        for place, values in ('', correct), ('written/', written):
            for k, v in values.items():
                files[folder + place + k + '.npy'] = plain(v)
                outputs.add(folder + place + k + '.npy')
        for k, v in row.figures.items():
            if not np.allclose(written[k], v, rtol=1e-4, atol=5e-5, equal_nan=True):
                sys.exit('defects: %s: %s is %s, but the document gave %s'
                         % (row.id, k, written[k], v))
        same = written and all(np.array_equal(written.get(k), correct[k], equal_nan=True)
                               for k in correct) and not set(written) - set(correct)
        if same:
            sys.exit('defects: %s: its case does not show it' % row.id)
    return files, outputs


def stored(path):
    if not path.exists():
        return None
    return path.read_text() if path.name == 'raises' else load(path)


def survey(files, outputs):
    """What is not as it should be, and whether only rounding moved it."""
    there = {str(f.relative_to(FOLDER)) for f in FOLDER.rglob('*') if f.is_file()}
    found = [(path, False, 'stale') for path in there - set(files)]
    for path, new in files.items():
        old = stored(FOLDER / path)
        if isinstance(new, str):
            how = None if old == new else (False, 'another exception')
        else:
            how = moved(path, new, old, path in outputs)
        if how:
            found.append((path, *how))
    return sorted(found)


def install(files):
    """Written beside, and renamed into place."""
    stage = Path(tempfile.mkdtemp(prefix='.defects-', dir=FOLDER.parent))
    try:
        for path, data in files.items():
            (stage / path).parent.mkdir(parents=True, exist_ok=True)
            (stage / path).write_bytes(data.encode() if isinstance(data, str) else pack(data))
        os.chmod(stage, 0o755)
        if FOLDER.exists():
            shutil.rmtree(FOLDER)
        os.rename(stage, FOLDER)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true', help='compare only; write nothing')
    check = parser.parse_args().check
    with np.errstate(all='ignore'):
        files, outputs = make()
    found = survey(files, outputs)
    for path, rounding, how in found:
        print('defects: %s: %s, %s' % ('moved by rounding' if rounding else 'moved', path, how))
    print('defects: %d cases, %d files, %d moved' % (len(CASES), len(files), len(found)))
    if check:
        sys.exit(any(not rounding for _, rounding, _ in found))
    if found:
        install(files)


if __name__ == '__main__':
    main()
