"""The five networks as tables, and their training in NumPy: the third opinion on a whole network.

  forward(name, form, parameters, pixels)     the logits, as when saved weights are judged
  train(name, form, parameters, pixels, labels, batch, lr)     a Step for every batch
  image(name, h, w)                           the shape of an image
  shapes(name, form, h, w)                    of all parameters, by name

A form is a variant of a network. Its nodes are counted from 0, and parameters and ranges are named
after them: "1.conv2d.w", "1.conv2d.b", "4.minmax.range". Pixels are raw, (n, c, h, w) or, before
to_nchw, (n, h, w, c); labels count from 0. All is float64, written from the documents and from the
contracts of ref/.
"""
from collections import namedtuple
from types import SimpleNamespace

import numpy as np

import layers

Network = namedtuple('Network', 'document channels classes loss forms nodes')
Node = namedtuple('Node', 'op sizes forms')
Stage = namedtuple('Stage', 'name op sizes x y')    # a node at work
Step = namedtuple('Step', 'parameters trace loss gradients terms ranges')


# The networks. A form says by what a pixel is divided and what is then subtracted. -------------

def node(op, forms=None, **sizes):
    """In these forms only; None: in all."""
    return Node(op, SimpleNamespace(**sizes), forms and forms.split())


def conv2d(o, k, forms=None, stride=1, pad=0, bias='position'):
    return node('conv2d', forms, o=o, kh=k, kw=k, stride=stride, pad=pad, bias=bias)


def maxpool(stride):
    return node('maxpool', k=2, stride=stride)


def dense(out):
    return node('dense', out=out)


NETWORKS = {
    'chihuahua-muffin': Network(
        '000', 3, 2, 'bce_logits',
        {'document': (1, 0), 'logits': (255, 0), 'plain': (255, 0.2)},
        [node('to_nchw'), conv2d(36, 7, pad=3, bias='channel'), maxpool(2), node('to_nhwc'),
         node('minmax', 'document logits'), node('relu'), dense(50), node('relu', 'plain'),
         dense(1), node('minmax', 'document')]),
    'mnist01-relu': Network(
        '001', 1, 2, 'xent', {'document': (255, 0)},
        [conv2d(5, 3), node('relu'), maxpool(1), dense(100), node('tanh'), dense(2)]),
    'fashion': Network(
        '002', 1, 10, 'xent', {'document': (255, 0.5), 'two-convolutions': (255, 0.5)},
        [conv2d(8, 5, 'document', pad=2), conv2d(6, 5, 'two-convolutions', pad=2), node('relu'),
         conv2d(6, 5, 'two-convolutions', pad=2), node('relu', 'two-convolutions'),
         maxpool(2), dense(10)]),
    'mnist01-sigmoid': Network(
        '003', 1, 2, 'bce_logits', {'document': (255, 0)},
        [conv2d(5, 3), node('sigmoid'), conv2d(5, 3), node('sigmoid'), dense(100),
         node('sigmoid'), dense(2)]),
    'mnist10': Network(
        '004', 1, 10, 'xent', {'document': (255, 0)},
        [conv2d(16, 8, bias='channel'), node('relu'), conv2d(8, 4, stride=2, bias='channel'),
         node('relu'), dense(10)]),
}


# The nodes: forward(s, x, *parameters), and backward(s, x, dy, *parameters) that gives dx and then
# the gradient of each parameter. -----------------------------------------------------------------

def rows(x):
    return x.reshape(len(x), -1)


def conv2d_backward(s, x, dy, w, b):
    image = SimpleNamespace(h=x.shape[2], w=x.shape[3], **vars(s))
    return (layers.conv2d_backward_data(image, w, dy), *layers.conv2d_backward_weights(s, x, dy))


def dense_backward(s, x, dy, w, b):
    dx, dw, db = layers.dense_backward(s, rows(x), w, dy)
    return dx.reshape(x.shape), dw, db


def of_vector(function):
    """A function of the whole tensor as one vector."""
    return lambda s, x, *dy: function(s, x.ravel(), *[d.ravel() for d in dy]).reshape(x.shape)


def alone(backward):
    """dx and no other gradient."""
    return lambda s, x, dy: (backward(s, x, dy),)


FORWARD = {
    'conv2d': layers.conv2d_forward,
    'maxpool': layers.maxpool_forward,
    'dense': lambda s, x, w, b: layers.dense_forward(s, rows(x), w, b),
    'relu': layers.relu_forward,
    'sigmoid': layers.sigmoid_forward,
    'tanh': layers.tanh_forward,
    'minmax': of_vector(layers.minmax_forward),
    'to_nchw': layers.transpose_to_nchw,
    'to_nhwc': layers.transpose_to_nhwc,
}
BACKWARD = {
    'conv2d': conv2d_backward,
    'maxpool': alone(layers.maxpool_backward),
    'dense': dense_backward,
    'relu': alone(layers.relu_backward),
    'sigmoid': alone(layers.sigmoid_backward),
    'tanh': alone(layers.tanh_backward),
    'minmax': alone(of_vector(layers.minmax_backward)),
    'to_nchw': alone(lambda s, x, dy: layers.transpose_to_nhwc(s, dy)),
    'to_nhwc': alone(lambda s, x, dy: layers.transpose_to_nchw(s, dy)),
}
LOSS = {
    'xent': (layers.xent_forward, layers.xent_backward),
    'bce_logits': (layers.bce_logits_forward, layers.bce_logits_backward),
}


# What a network does ----------------------------------------------------------------------------

def nodes(name, form):
    """(name, node) of those present in this form."""
    network = NETWORKS[name]
    present = [n for n in network.nodes if form in (n.forms or network.forms)]
    return [('%d.%s' % (k, n.op), n) for k, n in enumerate(present)]


def values(name, form, pixels):
    over, less = NETWORKS[name].forms[form]
    return np.asarray(pixels, float) / over - less


def own(name, op, tensors):
    """The parameters of a node, in the order of its functions."""
    return [tensors['%s.%s' % (name, p)] for p in 'wb' if op in ('conv2d', 'dense')]


def image(name, h, w):
    network = NETWORKS[name]
    last = network.nodes[0].op == 'to_nchw'
    return (h, w, network.channels) if last else (network.channels, h, w)


def shapes(name, form, h, w):
    """name -> shape of all parameters. A blank image walks through the network."""
    shape, x = {}, np.zeros((1, *image(name, h, w)))
    for label, n in nodes(name, form):
        s = n.sizes
        if n.op == 'conv2d':
            place = layers.conv2d_windows(s, x).shape[2:4]
            shape[label + '.w'] = (s.o, x.shape[1], s.kh, s.kw)
            shape[label + '.b'] = (s.o, *place) if s.bias == 'position' else (s.o,)
        elif n.op == 'dense':
            shape[label + '.w'] = (rows(x).shape[1], s.out)
            shape[label + '.b'] = (s.out,)
        if n.op != 'minmax':
            blank = {p: np.zeros(d) for p, d in shape.items()}
            x = FORWARD[n.op](s, x, *own(label, n.op, blank))
    return shape


def run(name, form, parameters, pixels, training):
    """A Stage of every node. In training minmax scales by the batch, else by its stored range."""
    x, trace = values(name, form, pixels), []
    for label, n in nodes(name, form):
        if n.op == 'minmax' and not training:
            y = layers.minmax_apply(n.sizes, x, parameters[label + '.range'])
        else:
            y = FORWARD[n.op](n.sizes, x, *own(label, n.op, parameters))
        trace.append(Stage(label, n.op, n.sizes, x, y))
        x = y
    return trace


def forward(name, form, parameters, pixels, training=False):
    """The logits, (n, classes), or (n, 1) where one of them is enough."""
    return run(name, form, parameters, pixels, training)[-1].y


def loss(name, trace, labels):
    """Its mean, and its gradient. Targets are one-hot rows; for a single logit whether it is the
    second class."""
    value, gradient = LOSS[NETWORKS[name].loss]
    z, labels = trace[-1].y, np.asarray(labels, int)
    t = np.eye(NETWORKS[name].classes)[labels] if z.shape[1] > 1 else labels[:, None]
    return value(None, z, t), gradient(None, z, t)


def step(name, form, parameters, pixels, labels, sizes=True):
    """Forward and backward. terms: for every gradient the sum of its terms' absolute values, of
    which it is known to a few units in the last place, however much they cancel; unless it is
    without `sizes`."""
    trace = run(name, form, parameters, pixels, training=True)
    mean, dy = loss(name, trace, labels)
    gradients, terms, ranges = {}, {}, {}
    for stage in reversed(trace):
        given = own(stage.name, stage.op, parameters)
        dx, *found = BACKWARD[stage.op](stage.sizes, stage.x, dy, *given)
        names = [stage.name + p for p in ('.w', '.b')]
        gradients.update(zip(names, found))
        if found and sizes:
            _, *size = BACKWARD[stage.op](stage.sizes, abs(stage.x), abs(dy), *given)
            terms.update(zip(names, size))
        if stage.op == 'minmax':
            ranges[stage.name + '.range'] = layers.minmax_statistics(None, stage.x.ravel())
        dy = dx
    return Step(parameters, trace, mean, gradients, terms, ranges)


def train(name, form, parameters, pixels, labels, batch, lr):
    """One epoch, in the order of the images; each Step holds what was before its own update."""
    for first in range(0, len(pixels), batch):
        some = slice(first, first + batch)
        done = step(name, form, parameters, pixels[some], labels[some])
        yield done
        parameters = {p: layers.sgd_step(SimpleNamespace(lr=lr), w, done.gradients[p])
                      for p, w in parameters.items()}


def choices(trace):
    """What relu, maxpool and minmax chose, [(choice, margin)]: and how far their input was from
    another choice, as a part of its largest magnitude. Where a window holds nothing but the zeros
    of a relu, its choice is of no consequence."""
    found = []
    for stage in trace:
        x = stage.x
        if stage.op == 'relu':
            chosen, gap = x > 0, abs(x).min()
        elif stage.op == 'maxpool':
            chosen = layers.maxpool_places(stage.sizes, x)
            *_, second, first = np.moveaxis(np.sort(layers.maxpool_windows(stage.sizes, x)), -1, 0)
            gap = np.where(first == 0, np.inf, first - second).min()
        elif stage.op == 'minmax':
            chosen = np.array(layers.minmax_places(x.ravel()))
            order = np.sort(x, axis=None)
            gap = min(order[1] - order[0], order[-1] - order[-2])
        else:
            continue
        found.append((chosen, gap / abs(x).max()))
    return found
