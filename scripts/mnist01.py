#!/usr/bin/env python3
"""Makes fixtures/mnist01: the first zeros and ones of MNIST, as IDX files.

The first 1,000 zeros and the first 1,000 ones of the training file and the first 100 + 100 of the
test file, in the order of the original files. Reads plain IDX files from data/mnist, which
scripts/fetch-data.sh brings. With --check nothing is written: the files that are there are
compared with those that would be made.
"""

import argparse
import hashlib
import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "fixtures" / "mnist01"
WANTED = {"train": 1000, "t10k": 100}  # of each of the two digits

# The original files: SHA-256 of the uncompressed content, as in scripts/fetch-data.sh.
ORIGINAL = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

README = """\
# MNIST, zeros and ones

The first 1,000 zeros and the first 1,000 ones of MNIST's training file, and the first 100 + 100 of
its test file, in the order in which they stand there: a small set for training a two-class network
without a download. Made from the original files by `scripts/mnist01.py`, which also checks that
these files are what it makes (`scripts/mnist01.py --check`).

The format is MNIST's own, IDX: big-endian header, then one unsigned byte a pixel or a label.

{table}

## Whose it is

MNIST was made by Yann LeCun, Corinna Cortes and Christopher J.C. Burges from NIST's Special
Databases 3 and 1. It is made available under the terms of the
[Creative Commons Attribution-ShareAlike 3.0](https://creativecommons.org/licenses/by-sa/3.0/)
licence; Yann LeCun and Corinna Cortes hold its copyright.
This selection is a derived work under the same licence, whatever the licence of the code around it.
What was changed: all images but those described above were left out, and the counts in the headers
say so; pixels, labels and order are as they were.
"""


def unusable(message):
    print(f"mnist01: {message}", file=sys.stderr)
    sys.exit(2)


def read(folder, name):
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        unusable(f"{folder / name}: {error.strerror}; scripts/fetch-data.sh mnist brings it")
    if hashlib.sha256(content).hexdigest() != ORIGINAL[name]:
        unusable(f"{folder / name}: not the original file (wrong SHA-256)")
    return content


def select(folder, split):
    """The two IDX files of one split, as {name: bytes}."""
    images_name, labels_name = f"{split}-images-idx3-ubyte", f"{split}-labels-idx1-ubyte"
    images, labels = read(folder, images_name), read(folder, labels_name)
    magic, count, rows, columns = struct.unpack(">4I", images[:16])
    assert (magic, count) == (0x803, struct.unpack(">2I", labels[:8])[1])
    size = rows * columns
    seen, pixels, kept = {0: 0, 1: 0}, bytearray(), bytearray()
    for i, label in enumerate(labels[8:]):
        if label in seen and seen[label] < WANTED[split]:
            seen[label] += 1
            kept.append(label)
            pixels += images[16 + size * i : 16 + size * (i + 1)]
    return {
        images_name: struct.pack(">4I", 0x803, len(kept), rows, columns) + pixels,
        labels_name: struct.pack(">2I", 0x801, len(kept)) + kept,
    }


def make(folder):
    """Everything that belongs into the folder, as {name: bytes}."""
    files = {}
    for split in WANTED:
        files.update(select(folder, split))
    rows = ["| file | zeros | ones | bytes | SHA-256 |", "|---|---|---|---|---|"]
    for name, content in files.items():
        wanted = WANTED[name.split("-")[0]]
        digest = hashlib.sha256(content).hexdigest()
        rows.append(f"| `{name}` | {wanted:,} | {wanted:,} | {len(content):,} | `{digest}` |")
    files["README.md"] = README.format(table="\n".join(rows)).encode()
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "data" / "mnist",
                        help="folder of the original files (default: data/mnist)")
    args = parser.parse_args()
    files = make(args.data)
    if not args.check:
        OUT.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (OUT / name).write_bytes(content)
        print(f"fixtures/mnist01: {len(files)} files made")
        return 0
    there = {path.name: path.read_bytes() for path in OUT.glob("*")}
    wrong = sorted(n for n in files.keys() | there.keys() if files.get(n) != there.get(n))
    for name in wrong:
        print(f"fixtures/mnist01/{name}: " + (
            "missing" if name not in there else
            "not made by this script" if name not in files else
            "differs from what this script makes"), file=sys.stderr)
    if not wrong:
        print(f"fixtures/mnist01: all {len(files)} files are what this script makes")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
