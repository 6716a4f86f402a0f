#!/usr/bin/env python3
"""train_defects.py PROGRAM BUILD [RUN...] - what the documents' bugs do to training.

Trains by ref as the documents are written, with one defect at a time, and with all mended, and
leaves in BUILD/defects what each run printed and a table, training.md, which make report takes
over. What is there already is kept; all runs take half an hour and more. RUN names some, or all of
a document: 004. The second figures are those of the documents' code run in NumPy, and of a mended
network there, with other random numbers: what is to be compared is the pattern, not the digits.
Images come from data/.
"""
import os
import re
import subprocess
import sys

DATA = {"chihuahua-muffin": "chihuahua-muffin", "fashion": "fashion", "mnist10": "mnist",
        "mnist01-relu": "mnist", "mnist01-sigmoid": None}
PHOTOS = "chihuahua-muffin --limit 200 --epochs 15 --lr 1"
ONES = "mnist01-relu --epochs 2"
TWO = "fashion --form two-convolutions --limit 15000 --epochs 1"
FIVE = "mnist01-sigmoid --epochs 5"
TENS = "mnist10 --lr 0.01 --epochs 5"
SEEDS = (1, 2, 3)

# What, the command, and NumPy's losses and accuracy; {} takes each of SEEDS.
RUNS = [
    ("as written", f"{PHOTOS} --init document --defect all", ".7024 .7000 ... .7040; 57.1 %"),
    ("as written, but the gradient of the mean",
     f"{PHOTOS} --init document --defect D000-01 --defect D000-03+05 --defect D000-06 "
     "--defect D000-08 --defect D000-09 --defect D000-10 --defect D000-12",
     ".7024 .8115 ... .7249; 41.8 %"),
    ("only D000-09", f"{PHOTOS} --defect D000-09", ".6714 .5943 ... .5861; 78.0 %"),
    ("only D000-08", f"{PHOTOS} --defect D000-08", ".6714 .6781 ... .6044; 74.7 %"),
    ("only D000-10", f"{PHOTOS} --defect D000-10", ".6714 .6014 ... .5144; 92.3 %"),
    ("only D000-12 and 13", f"{PHOTOS} --defect D000-12 --defect D000-13",
     ".6714 .5394 ... .6326; 65.9 %"),
    ("all mended", PHOTOS, ".6714 .6009 ... .5241; 85.7 %"),
    ("as written, seed {}", f"{ONES} --init document --defect all",
     "5 of 9: .05 to .10, 99.7 to 99.9 %; 4 of 9: NaN, 46.3357 %"),
    ("mended, document's weights", f"{ONES} --init document", ".0957 .0235; 99.81 %"),
    ("only D001-04, the frozen convolution", f"{ONES} --defect D001-04", ".0104 .0042; 99.95 %"),
    ("only D001-03", f"{ONES} --defect D001-03", ".0104 .0044; 99.95 %"),
    ("only D001-05", f"{ONES} --defect D001-05", "1000 images: .0340 .0175; 99.20 %"),
    ("only D001-08", f"{ONES} --defect D001-08", "1000 images: .0335 .0174; 99.29 %"),
    ("only D001-09", f"{ONES} --defect D001-09", ".0104 .0042; 99.91 %"),
    ("all mended", ONES, ".0104 .0042; 99.91 %"),
    ("only D002-13", "fashion --epochs 1 --defect D002-13", ".4645; 87.17 %"),
    ("all mended", "fashion --epochs 1", ".4645; 87.17 %"),
    ("only D002-16, the shared ReLU, seed {}", f"{TWO} --defect D002-16",
     ".8291 .6899 .7531; 74.1 83.3 80.4 %"),
    ("mended, seed {}", TWO, ".7103 .6603 .7122; 80.1 83.0 83.7 %"),
    ("only D003-02, document's weights", f"{FIVE} --init document --defect D003-02",
     ".0934 .0200 .0104 ... .0039"),
    ("only D003-02", f"{FIVE} --defect D003-02", ".2161 .0065 .0037 ... .0028"),
    ("mended, document's weights", f"{FIVE} --init document", ".1189 .0441 .0201 ... .0108"),
    ("all mended", FIVE, ".2161 .0064 .0037 ... .0027"),
    ("as written, seed {}", "mnist10 --init document --defect all", "17.84; 60.9 48.5 56.3 %"),
    ("as written, 2 epochs", "mnist10 --init document --epochs 2 --defect all",
     "17.84 NaN; 9.80 %"),
    ("mended, document's weights, seed {}", "mnist10 --init document", "4.05; 17.3 17.3 19.5 %"),
    ("mended but for the ReLU, document's weights, seed {}",
     "mnist10 --init document --defect D004-04", "13.34; 56.1 59.6 56.3 %"),
    ("only D004-04, no ReLU, seed {}", f"{TENS} --defect D004-04",
     ".861 .465 .368 .299 .320; 58.8 %"),
    ("only D004-07, the stride", f"{TENS} --defect D004-07", ".976 .544 .388 .223 .131; 87.4 %"),
    ("only D004-05 and 06, the stale order, seed {}", f"{TENS} --defect D004-05 --defect D004-06",
     "NaN in each; 9.80 %"),
    ("only D004-10, frozen biases", f"{TENS} --defect D004-10", ".831 .289 .169 .091 .047; 90.2 %"),
    ("all mended, seed {}", TENS, ".829 .290 .169 .087 .055; 91.0 91.2 89.7 %"),
]
DOCUMENT = {"chihuahua-muffin": "000", "mnist01-relu": "001", "fashion": "002",
            "mnist01-sigmoid": "003", "mnist10": "004"}


def named():
    """Every run: its name, its document, what it is, its command and NumPy's figures."""
    for number, (what, command, numpy) in enumerate(RUNS, 1):
        document = DOCUMENT[command.split()[0]]
        for seed in SEEDS if "{}" in what else (1,):
            yield (f"{document}-{number:02d}-{seed}", document, what.format(seed),
                   f"{command} --seed {seed}", numpy)


def run(program, folder, name, command):
    """What a run printed; None when its images are not there."""
    path = os.path.join(folder, name + ".txt")
    data = DATA[command.split()[0]]
    if data:
        data = os.path.join("data", data)
        if not os.path.isdir(data):
            print(f"train_defects.py: no {data}: {name} is left out", file=sys.stderr)
            return None
        command += " --data " + data
    if not os.path.exists(path):
        print("==", name, "cnncheck train", command, flush=True)
        made = subprocess.run([program, "train", *command.split(), "--impl", "ref"], text=True,
                              stdout=subprocess.PIPE, check=False)
        if made.returncode > 1:
            sys.exit(f"train_defects.py: {name} could not be run")
        with open(path + ".part", "w") as f:
            f.write(made.stdout)
        os.replace(path + ".part", path)
    with open(path) as f:
        return f.read()


def losses(text):
    """The first three epochs and the last."""
    found = re.findall(r"^ +\d+ +(nan|\d+\.\d+) ", text, re.M)
    short = [x if x == "nan" else f"{float(x):.4f}".lstrip("0") for x in found]
    return " ".join(short if len(short) < 5 else [*short[:3], "...", short[-1]])


def accuracy(text):
    counted = re.search(r"takes NaN, ([\d.]+) %", text)
    if counted:
        return f"none: NaN, counted as {float(counted[1]):.4g} %"
    right = re.search(r"test images, ([\d.]+) % right", text)
    return right[1] + " %" if right else "none"


def main():
    if "--help" in sys.argv or len(sys.argv) < 3:
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 2
    program, build, only = os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3:]
    documents, names = sorted(DOCUMENT.values()), [name for name, *_ in named()]
    for name in only:
        if name not in documents and name not in names:
            print(f"train_defects.py: {name}: no such run; there are {' '.join(documents)}, and of "
                  f"them {' '.join(names)}", file=sys.stderr)
            return 2
    folder = os.path.join(build, "defects")
    os.makedirs(folder, exist_ok=True)
    lines, last = [], None
    for name, document, what, command, numpy in named():
        if only and name not in only and document not in only:
            continue
        text = run(program, folder, name, command)
        if text is None:
            continue
        if document != last:
            last = document
            lines += [f"\n### Document {document}, {command.split()[0]}\n",
                      "| | loss of epochs | test | in NumPy |", "|---|---|---|---|"]
        lines.append(f"| {what} | {losses(text)} | {accuracy(text)} | {numpy} |")
    table = "\n".join(lines).strip() + "\n"
    print("\n" + table)
    if not only:
        with open(os.path.join(folder, "training.md"), "w") as f:
            f.write(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
