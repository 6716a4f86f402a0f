#!/usr/bin/python3
"""Holds whole networks, at their real size and through the command line, against NumPy.

  scripts/compare_networks.py [PROGRAM]     default: build/cnncheck

Every network in every form is trained by ref for a few steps from weights that the program drew and
saved. NumPy opens them, trains likewise on the same images, and must end with the same losses and
weights: within 1e-10 of the largest number of an array. Then the trained weights are opened, one test
image is multiplied out, and the logits must be those that `cnncheck eval --out` wrote. Exit 1 where
they are not. Images are made here, pixels at random.
"""
import csv
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

try:
    import numpy as np
except ImportError:
    print('compare_networks: no NumPy for %s: apt-get install python3-numpy' % sys.executable,
          file=sys.stderr)
    sys.exit(2)

import networks

ALLOWED = 1e-10
IMAGES, TESTS, EPOCHS = 8, 3, 3


def idx(path, array):
    header = struct.pack('>HBB', 0, 8, array.ndim) + struct.pack('>%dI' % array.ndim, *array.shape)
    path.write_bytes(header + array.tobytes())


def png(path, pixels):
    """8-bit RGB, without filters."""
    h, w, _ = pixels.shape
    rows = b''.join(b'\0' + row.tobytes() for row in pixels)

    def chunk(kind, data):
        return (struct.pack('>I', len(data)) + kind + data +
                struct.pack('>I', zlib.crc32(kind + data)))
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>2I5B', w, h, 8, 2, 0, 0, 0)) +
                     chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


def make_idx(rng, folder):
    """Images and labels, of training and of test. Label 0 and 1 come first: all networks have them."""
    made = []
    for split, count in (('train', IMAGES), ('t10k', TESTS)):
        pixels = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = (np.arange(count) % 2).astype(np.uint8)
        idx(folder / (split + '-images-idx3-ubyte'), pixels)
        idx(folder / (split + '-labels-idx1-ubyte'), labels)
        made += [pixels[:, None], labels]
    return made


def make_photographs(rng, folder):
    pixels = rng.integers(0, 256, (13, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(13) % 2
    for name in 'ab':
        (folder / name).mkdir()
    for i, image in enumerate(pixels):
        png(folder / 'ab'[labels[i]] / ('%02d.png' % i), image)
    return pixels, labels


def run(program, *words):
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit('compare_networks: %s ended with %d: %s' % (' '.join(map(str, words)),
                                                           done.returncode, done.stderr.strip()))


def weights(path):
    with np.load(path) as z:
        return {k: z[k] for k in z.files if z[k].dtype.kind == 'f'}


def off(ours, numpy):
    """The largest difference, as a part of the largest number."""
    return abs(np.asarray(ours) - numpy).max() / max(abs(numpy).max(), 1e-300)


def test_images(program, data, pixels, folder):
    """Which photographs are for the test: those that give the logits."""
    run(program, 'train', 'chihuahua-muffin', '--form', 'plain', '--impl', 'ref', '--data', data,
        '--epochs', 1, '--lr', 0, '--save', folder / 'first.npz')
    run(program, 'eval', 'chihuahua-muffin', '--impl', 'ref', '--data', data,
        '--load', folder / 'first.npz', '--out', folder / 'logits.npy')
    theirs = np.load(folder / 'logits.npy')
    ours = networks.forward('chihuahua-muffin', 'plain', weights(folder / 'first.npz'), pixels)
    places = [np.flatnonzero(abs(ours - z).max(axis=1) <= 1e-12) for z in theirs]
    assert places and all(len(p) == 1 for p in places)
    return np.concatenate(places)


def compare(program, name, form, data, train, test, folder):
    """The largest difference of losses, weights and logits."""
    words = [name, '--form', form, '--impl', 'ref', '--data', data, '--validation', 0]
    run(program, 'train', *words, '--epochs', 1, '--lr', 0, '--save', folder / 'first.npz')
    run(program, 'train', *words, '--epochs', EPOCHS, '--batch', len(train[0]),
        '--load', folder / 'first.npz', '--save', folder / 'last.npz', '--log', folder / 'log.tsv')
    run(program, 'eval', name, '--impl', 'ref', '--data', data, '--load', folder / 'last.npz',
        '--out', folder / 'logits.npy')
    with open(folder / 'log.tsv', newline='') as f:
        log = list(csv.DictReader(f, delimiter='\t'))
    parameters, losses = weights(folder / 'first.npz'), []
    for row in log:
        step = networks.step(name, form, parameters, *train)
        losses.append(step.loss)
        parameters = {k: w - float(row['lr']) * step.gradients[k] if k in step.gradients else w
                      for k, w in parameters.items()}
    parameters.update(networks.step(name, form, parameters, *train).ranges)
    last = weights(folder / 'last.npz')
    assert set(last) == set(parameters)
    moved = max(off(last[k], w) for k, w in weights(folder / 'first.npz').items())
    assert moved > 1e-6, 'nothing was learnt: nothing was compared'
    found = {'losses': off([float(row['loss']) for row in log], np.array(losses))}
    found.update((k, off(last[k], w)) for k, w in parameters.items() if abs(w).max() > 1e-12)
    logits = np.load(folder / 'logits.npy')
    found['logits'] = off(logits[:1], networks.forward(name, form, last, test[:1]))
    return found


def main():
    if '--help' in sys.argv:
        print(__doc__.strip())
        return 0
    program = sys.argv[1] if len(sys.argv) > 1 else 'build/cnncheck'
    rng = np.random.default_rng(1)
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / 'idx').mkdir()
        (folder / 'photographs').mkdir()
        train_pixels, train_labels, test_pixels, _ = make_idx(rng, folder / 'idx')
        pixels, labels = make_photographs(rng, folder / 'photographs')
        at = test_images(program, folder / 'photographs', pixels, folder)
        rest = np.delete(np.arange(len(pixels)), at)
        for network, table in networks.NETWORKS.items():
            for form in table.forms:
                if table.channels == 3:
                    found = compare(program, network, form, folder / 'photographs',
                                    (pixels[rest], labels[rest]), pixels[at], folder)
                else:
                    found = compare(program, network, form, folder / 'idx',
                                    (train_pixels, train_labels), test_pixels, folder)
                worst = max(found, key=found.get)
                held = found[worst] <= ALLOWED
                wrong += not held
                print('%-17s %-17s %3d compared, worst %.1e (%s): %s' %
                      (network, form, len(found), found[worst], worst, 'held' if held else 'WRONG'))
    print('%d passed, %d failed' % (sum(len(t.forms) for t in networks.NETWORKS.values()) - wrong,
                                    wrong))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
