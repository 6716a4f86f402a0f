"""Every layer of ref/ computed once more, in NumPy, from its contract: the third opinion.

A function is named <layer>.<function> with an underscore, and takes the sizes of the case and the
operands in the order of the contract. What x, w and dy are stands there too.
"""
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


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


def maxpool_windows(s, x):
    """(n, c, oh, ow, k k): what every output looks at."""
    x = sliding_window_view(x, (s.k, s.k), axis=(2, 3))[:, :, ::s.stride, ::s.stride]
    return x.reshape(x.shape[:4] + (s.k * s.k,))


def maxpool_places(s, x):
    """For every window the index of its maximum in the flattened x. argmax says which: the first
    of equals, where -0 and +0 are equal, and the first NaN before all."""
    best = maxpool_windows(s, x).argmax(axis=-1)[..., None]
    places = maxpool_windows(s, np.arange(x.size).reshape(x.shape))
    return np.take_along_axis(places, best, axis=-1)[..., 0]


def maxpool_forward(s, x):
    return x.ravel()[maxpool_places(s, x)]


def maxpool_backward(s, x, dy):
    dx = np.zeros(x.size)
    np.add.at(dx, maxpool_places(s, x).ravel(), dy.ravel())
    return dx.reshape(x.shape)


def dense_forward(s, x, w, b):
    return np.einsum('ni,io->no', x, w) + b


def dense_backward(s, x, w, dy):
    return np.einsum('no,io->ni', dy, w), np.einsum('ni,no->io', x, dy), dy.sum(axis=0)


def dense_sgd_backward(s, x, w, b, dy):
    return w @ dy, w - s.lr * np.outer(x, dy), b - s.lr * dy


def relu_forward(s, x):
    return np.where(x <= 0, 0, x)


def relu_backward(s, x, dy):
    return np.where(x <= 0, 0, dy)


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


def softmax_forward(s, x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(s, y, dy):
    return y * (dy - (y * dy).sum(axis=-1, keepdims=True))


def bce_forward(s, p, t):
    down, up = np.log(np.maximum(p, s.eps)), np.log(np.maximum(1 - p, s.eps))
    return -(t * down + (1 - t) * up).mean()


def bce_backward(s, p, t):
    up = np.where(1 - p < s.eps, 0, (1 - t) / (1 - p))
    down = np.where(p < s.eps, 0, t / p)
    return (up - down) / p.size


def bce_logits_forward(s, z, t):
    return (np.logaddexp(0, z) - z * t).mean()


def bce_logits_backward(s, z, t):
    return (sigmoid_forward(s, z) - t) / z.size


def xent_forward(s, z, t):
    shifted = z - z.max(axis=-1, keepdims=True)
    surprise = np.log(np.exp(shifted).sum(axis=-1, keepdims=True)) - shifted
    return np.where(t != 0, t * surprise, 0).sum() / len(z)


def xent_backward(s, z, t):
    return (softmax_forward(s, z) - t) / len(z)


def sgd_step(s, w, dw):
    return w - s.lr * dw


def minmax_places(x):
    """argmin and argmax take the first of equals, where -0 and +0 are equal, and the first NaN."""
    return x.argmin(), x.argmax()


def minmax_apply(s, x, ends):
    return 2 * (x - ends[0]) / (ends[1] - ends[0]) - 1


def minmax_statistics(s, x):
    return x[list(minmax_places(x))]


def minmax_forward(s, x):
    return minmax_apply(s, x, minmax_statistics(s, x))


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


def transpose_to_nchw(s, x):
    return x.transpose(0, 3, 1, 2)


def transpose_to_nhwc(s, x):
    return x.transpose(0, 2, 3, 1)
