#!/usr/bin/env python3
"""report.py [BUILD] - writes REPORT.md from what the commands left in BUILD (default: build).

  BUILD/verify.json             make verify
  BUILD/train/<network>.tsv     make train, and <network>.txt beside it
  BUILD/coverage/summary.json   make coverage

Every number in REPORT.md is read from these files. What has not been run is named as missing.
"""
import csv
import json
import os
import sys

SIDES = ("ref", "fast")


def table(head, rows):
    """A Markdown table; numbers are aligned to the right."""
    right = [all(isinstance(r[i], (int, float)) or str(r[i])[:1].isdigit() for r in rows)
             for i in range(len(head))]
    lines = ["| " + " | ".join(head) + " |",
             "|" + "|".join("---:" if r else "---" for r in right) + "|"]
    lines += ["| " + " | ".join(str(c) for c in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def missing(what, command):
    return f"Not measured: `{command}` has not been run, so there is no {what}.\n"


def number(x, digits=3):
    return "" if x is None else f"{x:.{digits}f}"


def functions(build):
    path = os.path.join(build, "verify.json")
    if not os.path.exists(path):
        return missing("comparison of functions", "make verify")
    with open(path) as f:
        v = json.load(f)
    rows = []
    for t in v["functions"]:
        verdict = "held" if t["rejected"] == 0 else f"**{t['rejected']} rejected**"
        if t["exhausted"]:
            verdict += ", all 2^32 floats"
        rows.append((t["name"], t["cases"], t["exact"], t["bound"], t["fixtures"], t["calls"],
                     number(t["headroom"]) or "exact", number(t["median"]),
                     f"`{t['witness']}`" if t["witness"] else "", verdict))
    text = (f"cnncheck {v['version']}, {v['compiler']}, {v['processor']}, sets {', '.join(v['sets'])}; "
            f"tier {v['tier']}, seed {v['seed']}, {v['threads']} threads, {v['seconds']:.0f} s: "
            f"**{'everything held' if v['held'] else 'FAILED'}**.\n\n"
            "Cases are judged exactly (integers, every sum exact in float, bit for bit), by the\n"
            "computed bound (reals), and against NumPy's fixtures; every case runs at every set, with\n"
            "all buffers against unmapped pages at their start and then at their end, and every set\n"
            "gives the bits of scalar. Headroom is the worst error of fast as a part of its bound:\n"
            "above 1 it would be rejected.\n\n")
    text += table(("function", "cases", "exact", "bound", "fixtures", "calls", "headroom",
                   "median", "worst at", "verdict"), rows)
    rows = [(t["network"], len(t["loss_ref"]), f"{t['difference']:.2g}",
             f"{100 * t['accuracy_ref']:.2f} %", f"{100 * t['accuracy_fast']:.2f} %",
             "held" if t["held"] else "**failed**") for t in v["training"]]
    if rows:
        text += "\nTrained within `make verify`, from the same weights in the same order:\n\n"
        text += table(("network", "epochs", "largest difference of the losses", "ref, test",
                       "fast, test", "verdict"), rows)
    return text


def training(build):
    folder = os.path.join(build, "train")
    names = sorted(n[:-4] for n in os.listdir(folder) if n.endswith(".tsv")) \
        if os.path.isdir(folder) else []
    if not names:
        return missing("training", "make train")
    text = ""
    for name in names:
        with open(os.path.join(folder, name + ".tsv"), newline="") as f:
            log = list(csv.DictReader(f, delimiter="\t"))
        epochs = sorted({int(r["epoch"]) for r in log})
        at = {(r["impl"], int(r["epoch"])): r for r in log}
        rows, worst = [], 0.0
        for e in epochs:
            ref, fast = (at.get((side, e)) for side in SIDES)
            difference = ""
            if ref and fast:
                d = abs(float(ref["loss"]) - float(fast["loss"]))
                worst = max(worst, d)
                difference = f"{d:.1e}"
            rows.append((e, *(f"{float(r['loss']):.6f}" if r else "" for r in (ref, fast)),
                         difference,
                         *(f"{100 * float(r['test_accuracy']):.2f} %" if r else ""
                           for r in (ref, fast))))
        first = log[0]
        text += (f"### {name}\n\nSeed {first['seed']}, weights {first['init']}, loss {first['loss_mode']}; "
                 f"largest difference of the losses {worst:.1e}.\n\n")
        text += table(("epoch", "loss, ref", "loss, fast", "difference", "test, ref", "test, fast"),
                      rows)
        judged = os.path.join(folder, name + ".txt")
        if os.path.exists(judged):
            with open(judged) as f:
                text += "\nIts saved weights on all test images:\n\n```\n" + f.read().strip() + "\n```\n"
        text += "\n"
    return text


def coverage(build):
    path = os.path.join(build, "coverage", "summary.json")
    if not os.path.exists(path):
        return missing("coverage", "make coverage")
    with open(path) as f:
        files = json.load(f)["files"]
    rows, total = [], {}
    for entry in sorted(files, key=lambda e: e["filename"]):
        lines, covered = entry["line_total"], entry["line_covered"]
        folder = entry["filename"].split("/")[0]
        a, b = total.get(folder, (0, 0))
        total[folder] = (a + covered, b + lines)
        rows.append((entry["filename"], covered, lines,
                     f"{100 * covered / lines:.1f} %" if lines else ""))
    summary = [(f + "/", a, b, f"{100 * a / b:.1f} %") for f, (a, b) in sorted(total.items())]
    head = ("covered", "lines", "share")
    return table(("folder",) + head, summary) + "\n" + table(("file",) + head, rows)


def main():
    if "--help" in sys.argv:
        print(__doc__.strip())
        return 0
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    parts = ["# Report\n\nWritten by scripts/report.py from what the commands left in the build "
             "folder; nobody edits it.\n",
             "## Every function, fast against ref and NumPy\n\n" + functions(build),
             "## Training\n\n" + training(build),
             "## Line coverage\n\n" + coverage(build)]
    with open("REPORT.md.tmp", "w") as f:
        f.write("\n".join(parts))
    os.replace("REPORT.md.tmp", "REPORT.md")
    print("REPORT.md written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
