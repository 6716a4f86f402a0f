#!/usr/bin/python3
"""Holds harness/image.c against Pillow, on every file of a folder and those below it.

  scripts/compare_pillow.py DIR [WIDTHxHEIGHT...]     sizes: 32x32 when none is given

Each file is read and resized by both, and must be the same within one grey level; exit 1 if one is
not, or if only one of the two can read it. Needs a C compiler, pkg-config with libjpeg and libpng,
and Pillow (Debian: python3-pil).
"""
import ctypes
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ['harness/image.c', 'harness/image_resize.c', 'harness/error.c']


class CImage(ctypes.Structure):
    _fields_ = [('kind', ctypes.c_int), ('width', ctypes.c_int), ('height', ctypes.c_int),
                ('pixels', ctypes.c_void_p)]


def load():
    flags = subprocess.check_output(['pkg-config', '--cflags', '--libs', 'libjpeg', 'libpng'],
                                    text=True).split()
    with tempfile.TemporaryDirectory() as made:
        library = os.path.join(made, 'image.so')
        subprocess.check_call([os.environ.get('CC', 'cc'), '-std=c11', '-D_DEFAULT_SOURCE', '-O2',
                               '-ffp-contract=off', '-DHAVE_JPEG', '-DHAVE_PNG', '-I.', '-shared',
                               '-fPIC', *SOURCES, *flags, '-lm', '-o', library], cwd=ROOT)
        return ctypes.CDLL(library)


def ours(library, path, sizes):
    """The image as it is and in each size, or the line that says why not."""
    image, error = CImage(), ctypes.create_string_buffer(512)
    if not library.image_read(os.fsencode(path), ctypes.byref(image), error):
        return error.value.decode(errors='replace')
    size = (image.width, image.height)
    made = [Image.frombytes('RGB', size, ctypes.string_at(image.pixels, 3 * size[0] * size[1]))]
    for size in sizes:
        out = ctypes.create_string_buffer(3 * size[0] * size[1])
        assert library.image_resize(ctypes.byref(image), *size, out)
        made.append(Image.frombytes('RGB', size, out.raw))
    library.image_free(ctypes.byref(image))
    return made


def theirs(path, sizes):
    try:
        image = Image.open(path).convert('RGB')
    except Exception as reason:         # whatever a broken file makes of it
        return str(reason)
    return [image] + [image.resize(size) for size in sizes]


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith('-'):
        sys.exit(__doc__.strip())
    sizes = [tuple(int(n) for n in a.split('x')) for a in sys.argv[2:]] or [(32, 32)]
    library, files, values, differ, worst, bad = load(), 0, 0, 0, 0, 0
    for path in sorted(p for p in Path(sys.argv[1]).rglob('*') if p.is_file()):
        files += 1
        a, b = ours(library, path, sizes), theirs(path, sizes)
        if isinstance(a, str) or isinstance(b, str):
            print('%s: we: %s; Pillow: %s' % (path, *(x if isinstance(x, str) else 'reads it'
                                                      for x in (a, b))))
            bad += isinstance(a, str) != isinstance(b, str)
            continue
        for x, y in zip(a, b):
            if x.size != y.size:
                print('%s: we: %d x %d; Pillow: %d x %d' % (path, *x.size, *y.size))
                bad += 1
                continue
            counts = [0] * 256          # how many values differ by so much
            for i, n in enumerate(ImageChops.difference(x, y).histogram()):
                counts[i % 256] += n
            most = max(i for i in range(256) if counts[i])
            values, differ = values + sum(counts), differ + sum(counts[1:])
            worst = max(worst, most)
            if most > 1:
                print('%s: %d x %d differs by %d' % (path, *x.size, most))
                bad += 1
    print('%d files, %d values: %d differ, by at most %d; %d failures'
          % (files, values, differ, worst, bad))
    sys.exit(1 if bad or not files else 0)


main()
