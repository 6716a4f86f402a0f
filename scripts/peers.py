#!/usr/bin/python3
"""Our kernels and training beside oneDNN, OpenBLAS, PyTorch and NumPy, in turns in one run.

  scripts/peers.py BUILD [--rounds N] [--threads N] [--only WORD]

In every round each side is timed by the least of some short bursts. Reported are the medians of these
times over the rounds, and as ratios the medians of the ratios within a round: a machine that slows down
slows both sides. Where a process has its memory, and what PyTorch makes of it, changes times by up to a
fifth from one process to the next: so both sides start anew after every three rounds.

oneDNN has three rows: `best`, the implementation that it chooses, in the layouts that it prefers, with
nothing reordered; `plain`, from NCHW to NCHW, as ours; `fastest`, the fastest of all its implementations, in
its own layouts, which for small shapes is not always the one that it chooses. PyTorch's step is zero_grad (to
None), forward, loss, backward and SGD's step; ours computes the same.

At the limit: how many times their speed ours would have if it took only the time of what it cannot do
without, measured by itself in the same turns. That is its multiply-adds and the vector operations of sigmoid
and the like, independent of each other and in registers; or the reading and writing of a kernel's operands, if
that takes longer; and for the dense layers in a step of one image, reading their weights and then reading and
writing them. For two threads it is what two cores make of these operations beside one. A target above it is
beyond the limit.

An epoch is a step, which was measured, times the number of steps in the document's epoch. NumPy's networks are
those of scripts/networks.py, which are written to be right: float64, einsum, every gradient, the image's too.
A step of mnist01-relu is also compared with the time of reading, and then reading and writing, its weights.
Batches on two threads are compared with one thread; so are those weights, read by each thread and a part
written by each, which shows what sharing them costs two cores. Prints a table, and writes BUILD/peers.json
unless --only left rows out.
"""
import argparse
import importlib.util
import json
import multiprocessing
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from statistics import geometric_mean, median

DOCUMENTS = [
    ('000', 'n=1,c=3,h=32,w=32,o=36,kh=7,kw=7,stride=1,pad=3,bias=channel'),
    ('001', 'n=1,c=1,h=28,w=28,o=5,kh=3,kw=3,stride=1,pad=0,bias=position'),
    ('002', 'n=1,c=1,h=28,w=28,o=8,kh=5,kw=5,stride=1,pad=2,bias=position'),
    ('002', 'n=1,c=6,h=28,w=28,o=6,kh=5,kw=5,stride=1,pad=2,bias=position'),
    ('003', 'n=1,c=5,h=26,w=26,o=5,kh=3,kw=3,stride=1,pad=0,bias=position'),
    ('004', 'n=1,c=1,h=28,w=28,o=16,kh=8,kw=8,stride=1,pad=0,bias=channel'),
    ('004', 'n=1,c=16,h=21,w=21,o=8,kh=4,kw=4,stride=2,pad=0,bias=channel'),
]
LARGE = [('large', 'n=1,c=64,h=56,w=56,o=64,kh=3,kw=3,stride=1,pad=1,bias=none')]
DENSE = ['n=1,in=3125,out=100', 'n=64,in=3125,out=100', 'n=64,in=1568,out=10',
         'n=1000,in=9216,out=50', 'n=256,in=1024,out=1024']
# network, batch, how many times PyTorch's speed is wanted
STEPS = [('mnist01-relu', 1, 10), ('fashion', 1, 10), ('mnist01-sigmoid', 1, 10), ('mnist10', 1, 10),
         ('mnist01-relu', 64, 3), ('fashion', 64, 3), ('mnist01-sigmoid', 64, 3), ('mnist10', 64, 3),
         ('chihuahua-muffin', 1000, 4)]
# network, batch, steps of an epoch
EPOCHS = [('mnist01-relu', 1, 10000), ('fashion', 1, 60000), ('mnist01-sigmoid', 1, 2000),
          ('mnist10', 1, 1000), ('chihuahua-muffin', 1000, 1)]
# what, the rows that it is the mean of, their peer, how many times its speed is wanted
CALLED = r'00\d conv2d\.(forward|backward_weights|backward_data n=1,c=(5|6|16),)'
MEANS = [("the documents' convolutions", r'00\d conv2d', 'oneDNN, best', 3),
         ("the documents' convolutions", r'00\d conv2d', 'oneDNN, plain', 3),
         ("the documents' convolutions", r'00\d conv2d', 'oneDNN, fastest', None),
         ('those that a step calls', CALLED, 'oneDNN, best', None),
         ('those that a step calls', CALLED, 'oneDNN, plain', None),
         ('those that a step calls', CALLED, 'oneDNN, fastest', None),
         ('steps', 'step of .* batch of 64', 'PyTorch', 5)]
THREADS_WANTED, TRAFFIC_WANTED = 1.7, 1 / 1.6
BURSTS, PATIENCE = 12, 0.2  # of PyTorch in one turn: calls, and seconds at most
ROUNDS = 3  # of one process


def networks(torch):
    """The five networks as PyTorch has them; a step for (network, batch)."""
    nn, F = torch.nn, torch.nn.functional

    class Untied(nn.Module):
        """A convolution with a bias for every place, as documents 001, 002 and 003 have it."""
        def __init__(self, i, o, k, size, pad=0):
            super().__init__()
            self.conv = nn.Conv2d(i, o, k, padding=pad, bias=False)
            self.bias = nn.Parameter(torch.zeros(o, size, size))

        def forward(self, x):
            return self.conv(x) + self.bias

    class Scale(nn.Module):
        def forward(self, x):
            low, high = x.min(), x.max()
            return 2 * (x - low) / (high - low) - 1

    class Last(nn.Module):
        def forward(self, x):
            return x.permute(0, 2, 3, 1)

    flat = nn.Flatten
    table = {
        'mnist01-relu': (lambda: [Untied(1, 5, 3, 26), nn.ReLU(), nn.MaxPool2d(2, 1), flat(),
                                  nn.Linear(3125, 100), nn.Tanh(), nn.Linear(100, 2)], 'xent', 2),
        'fashion': (lambda: [Untied(1, 8, 5, 28, 2), nn.ReLU(), nn.MaxPool2d(2), flat(),
                             nn.Linear(1568, 10)], 'xent', 10),
        'mnist01-sigmoid': (lambda: [Untied(1, 5, 3, 26), nn.Sigmoid(), Untied(5, 5, 3, 24),
                                     nn.Sigmoid(), flat(), nn.Linear(2880, 100), nn.Sigmoid(),
                                     nn.Linear(100, 2)], 'bce', 2),
        'mnist10': (lambda: [nn.Conv2d(1, 16, 8), nn.ReLU(), nn.Conv2d(16, 8, 4, stride=2),
                             nn.ReLU(), flat(), nn.Linear(648, 10)], 'xent', 10),
        'chihuahua-muffin': (lambda: [nn.Conv2d(3, 36, 7, padding=3), nn.MaxPool2d(2), Last(),
                                      flat(), Scale(), nn.ReLU(), nn.Linear(9216, 50),
                                      nn.Linear(50, 1), Scale()], 'bce', 1),
    }

    def make(name, batch):
        layers, loss, outputs = table[name]
        net = nn.Sequential(*layers())
        opt = torch.optim.SGD(net.parameters(), lr=1e-6)
        photographs = name == 'chihuahua-muffin'
        x = torch.rand(batch, 32, 32, 3).permute(0, 3, 1, 2) if photographs \
            else torch.rand(batch, 1, 28, 28)
        labels = torch.randint(0, outputs, (batch,))
        wanted = torch.rand(batch, outputs).round()

        def step():
            opt.zero_grad(set_to_none=True)
            y = net(x)
            value = F.cross_entropy(y, labels) if loss == 'xent' \
                else F.binary_cross_entropy_with_logits(y, wanted)
            value.backward()
            opt.step()
        return step
    return make


def numpy_step(name, batch):
    """A step of the document's network as NumPy has it, with the update."""
    import numpy as np
    import networks as nets
    rng = np.random.default_rng(1)
    size = 32 if name == 'chihuahua-muffin' else 28
    pixels = rng.integers(0, 256, (batch, *nets.image(name, size, size)))
    labels = rng.integers(0, nets.NETWORKS[name].classes, batch)
    parameters = {p: rng.standard_normal(shape) / max(shape[0], 10)
                  for p, shape in nets.shapes(name, 'document', size, size).items()}

    def step():
        done = nets.step(name, 'document', parameters, pixels, labels, sizes=False)
        for p, gradient in done.gradients.items():
            parameters[p] -= 1e-6 * gradient
    return step


class Worker:
    def __init__(self, program, threads):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
        self.process = subprocess.Popen([program, str(threads)], stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, env=environment)

    def ask(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer or answer.startswith('error'):
            raise RuntimeError('%s: %s' % (line, answer or 'the program ended'))
        return answer

    def seconds(self, line):
        return float(self.ask(line))


def seconds_of(step):
    """The least of some calls, as peers.c takes the least of some bursts."""
    step()
    least, end = float('inf'), time.perf_counter() + PATIENCE
    for _ in range(BURSTS):
        start = time.perf_counter()
        step()
        now = time.perf_counter()
        least = min(least, now - start)
        if now >= end:
            break
    return least


def works(worker, two, torch):
    """(what, shape, peer, wanted ratio, our seconds, the peer's seconds, those of our limit), the
    seconds as functions; the last is left out where another limit is looked at."""
    def ask(line):
        return lambda: worker.seconds(line)
    for document, shape in DOCUMENTS + LARGE:
        for function in ('forward', 'backward_data', 'backward_weights'):
            name = 'conv2d.' + function
            for kind in ('best', 'plain', 'fastest'):
                yield ('%s %s' % (document, name), shape, 'oneDNN, ' + kind,
                       0.9 if document == 'large' else 1.0, ask('fast %s %s' % (name, shape)),
                       ask('%s %s %s' % (kind, name, shape)), ask('limit %s %s' % (name, shape)))
    for shape in DENSE:
        for name in ('dense.forward', 'dense.backward'):
            yield (name, shape, 'OpenBLAS', 1.0, ask('fast %s %s' % (name, shape)),
                   ask('blas %s %s' % (name, shape)), ask('limit %s %s' % (name, shape)))
    make = networks(torch) if torch else None
    for name, batch, wanted in STEPS if torch else []:
        step = make(name, batch)
        step()
        yield ('step of ' + name, 'batch of %d' % batch, 'PyTorch', wanted,
               ask('step %s %d' % (name, batch)), lambda step=step: seconds_of(step),
               ask('limit %s %d' % (name, batch)))
    for name, batch, steps in EPOCHS:
        step = numpy_step(name, batch)
        yield ('epoch of ' + name, '%d of %d' % (steps, batch), 'NumPy', None,
               lambda line='step %s %d' % (name, batch), steps=steps: steps * worker.seconds(line),
               lambda step=step, steps=steps: steps * seconds_of(step))
    yield ('step of mnist01-relu', 'batch of 1', 'its weights read, read and written',
           TRAFFIC_WANTED, ask('step mnist01-relu 1'), ask('traffic mnist01-relu 1'))
    yield ('weights of mnist01-relu', 'read by each, a part written by each', 'two threads beside one',
           None, lambda: two.seconds('shared mnist01-relu 1'), ask('shared mnist01-relu 1'))
    for name, batch, _ in [s for s in STEPS if s[1] > 1]:
        step, limit = ('%s %s %d' % (kind, name, batch) for kind in ('step', 'limit'))
        yield ('step of ' + name, 'batch of %d' % batch, 'two threads beside one', THREADS_WANTED,
               lambda step=step: two.seconds(step), ask(step),
               lambda step=step, limit=limit:
               worker.seconds(step) * two.seconds(limit) / worker.seconds(limit))


def verdict(row):
    if row['wanted'] is None:
        return ''
    if row['times'] >= row['wanted']:
        return 'met'
    return 'missed' if (row['at_limit'] or row['wanted']) >= row['wanted'] else 'beyond the limit'


def line_of(row):
    def text(key, scale=1):
        return '' if row[key] is None else '%.2f' % (scale * row[key])
    return '| %s |' % ' | '.join((row['work'], row['shape'], text('ours', 1e6), row['peer'],
                                  text('theirs', 1e6), text('times'), text('at_limit'),
                                  '' if row['wanted'] is None else '%.3g' % row['wanted'],
                                  row['verdict']))


def turns(build, threads, only, share):
    """Of every row, by (work, shape, peer): the wanted ratio, and the seconds of some rounds. This is what
    a process of its own does; share: which it is, of how many."""
    try:
        import torch
        torch.set_num_threads(threads)
    except ImportError:
        torch = None
    worker, two = Worker(build / 'peers', threads), Worker(build / 'peers', 2)
    rows = {}
    for work, shape, peer, wanted, *seconds in works(worker, two, torch):
        if only not in ' '.join((work, shape, peer)):
            continue
        if sys.stderr.isatty():
            print('\r\033[K%d of %d: %s, %s' % (*share, work, peer), end='', file=sys.stderr, flush=True)
        long = '1000' in shape or peer == 'NumPy'
        if not long:
            seconds[0](), seconds[1]()
        rows[work, shape, peer] = wanted, [tuple(s() for s in seconds)
                                           for _ in range(1 if long else ROUNDS)]
    return rows


def versions(build):
    """Of the peers, in a process of its own as well."""
    found = [Worker(build / 'peers', 1).ask('versions')]
    for module in ('torch', 'numpy'):
        if importlib.util.find_spec(module):
            found.append('%s %s' % (module, importlib.import_module(module).__version__))
    return ', '.join(found)


def whole(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError('%d is below 1' % number)
    return number


def clear():
    if sys.stderr.isatty():
        print('\r\033[K', end='', file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('build', type=Path)
    parser.add_argument('--rounds', type=whole, default=15, help='at least so many (default: 15)')
    parser.add_argument('--threads', type=whole, default=1, help='of both sides (default: 1)')
    parser.add_argument('--only', default='',
                        help='only rows whose text has this word; BUILD/peers.json stays as it is')
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS=str(options.threads), OPENBLAS_NUM_THREADS=str(options.threads))
    if not importlib.util.find_spec('torch'):
        print('no PyTorch here: scripts/setup.sh peers; its rows are left out', file=sys.stderr)
    processes = (options.rounds + ROUNDS - 1) // ROUNDS
    measured, rows = {}, []
    with multiprocessing.get_context('spawn').Pool(1, maxtasksperchild=1) as pool:
        try:
            peers = pool.apply(versions, (options.build,))
            for k in range(processes):
                share = k + 1, processes
                one = pool.apply(turns, (options.build, options.threads, options.only, share))
                for row, (wanted, seconds) in one.items():
                    measured.setdefault(row, (wanted, []))[1].extend(seconds)
        except Exception as error:  # of a worker, which may be any of NumPy's or PyTorch's
            clear()
            sys.exit('peers: %s: %s' % (type(error).__name__, ' '.join(str(error).split())))
    clear()

    def tell(row):
        rows.append(row | {'verdict': verdict(row)})
        print(line_of(rows[-1]))

    print('%s; %d thread%s, %d rounds in %d processes, medians; times: how many times faster ours is\n'
          % (peers, options.threads, 's' if options.threads > 1 else '', processes * ROUNDS, processes))
    print('| work | shape | ours us | peer | peer us | times | at the limit | wanted | verdict |')
    print('|---|---|---:|---|---:|---:|---:|---:|---|')
    for (work, shape, peer), (wanted, seconds) in measured.items():
        tell({'work': work, 'shape': shape, 'peer': peer, 'wanted': wanted,
              'ours': median(t[0] for t in seconds), 'theirs': median(t[1] for t in seconds),
              'times': median(t[1] / t[0] for t in seconds),
              'at_limit': median(t[1] / t[2] for t in seconds) if len(seconds[0]) > 2 else None})
    for what, pattern, peer, wanted in MEANS:
        some = [r for r in rows
                if r['peer'] == peer and re.match(pattern, r['work'] + ' ' + r['shape'])]
        if some:
            tell({'work': what, 'shape': 'geometric mean of %d' % len(some), 'peer': peer,
                  'wanted': wanted, 'ours': None, 'theirs': None,
                  'times': geometric_mean(r['times'] for r in some),
                  'at_limit': geometric_mean(r['at_limit'] for r in some)})
    if options.only:
        return
    result = options.build / 'peers.json'
    temporary = result.with_suffix('.tmp')
    temporary.write_text(json.dumps({'versions': peers, 'threads': options.threads,
                                     'rounds': processes * ROUNDS, 'processes': processes,
                                     'rows': rows}, indent=1))
    temporary.rename(result)


if __name__ == '__main__':
    main()
