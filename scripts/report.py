#!/usr/bin/env python3
"""report.py [BUILD] - writes REPORT.md from what the commands left in BUILD (default: build).

  BUILD/verify.json             make verify
  BUILD/train/<run>.tsv         make train, and <run>.txt beside it
  BUILD/coverage/summary.json   make coverage

Every number in REPORT.md is read from these files. What has not been run is named as missing.
"""
import csv
import json
import os
import statistics
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
    rows = [(t["network"], t["cases"], t["steps"], f"{t['off']:.1e}", number(t["headroom"]),
             "held" if t["rejected"] == 0 else "**failed**") for t in v["networks"]]
    text += ("\nWhole networks on NumPy's fixtures, a few steps of training from weights that stand there: the\n"
             "worst difference of ref, as a part of its tensor, and the worst error of fast as a part of\n"
             "its bound:\n\n")
    text += table(("network", "cases", "steps", "ref off by", "headroom", "verdict"), rows)
    rows = [(t["network"], len(t["loss_ref"]), f"{t['difference']:.2g}",
             f"{100 * t['accuracy_ref']:.2f} %", f"{100 * t['accuracy_fast']:.2f} %",
             "held" if t["held"] else "**failed**") for t in v["training"]]
    if rows:
        text += "\nTrained within `make verify`, from the same weights in the same order:\n\n"
        text += table(("network", "epochs", "largest difference of the losses", "ref, test",
                       "fast, test", "verdict"), rows)
    return text


def percent(values):
    """The mean and the spread (standard deviation) of accuracies, or one of them as it is."""
    values = [100 * float(v) for v in values if v not in ("-", "nan")]
    if not values:
        return "-"
    if len(values) == 1:
        return f"{values[0]:.2f} %"
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f} %"


def read_log(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f, delimiter="\t"))


def last(log, side):
    rows = [r for r in log if r["impl"] == side]
    return rows[-1] if rows else None


def curves(log):
    """Both loss curves of one run, and where they differ most."""
    at = {(r["impl"], int(r["epoch"])): r for r in log}
    rows = []
    for epoch in sorted({e for _, e in at}):
        ref, fast = (at.get((side, epoch)) for side in SIDES)
        difference = f"{abs(float(ref['loss']) - float(fast['loss'])):.1e}" if ref and fast else ""
        rows.append((epoch, *(f"{float(r['loss']):.6f}" if r else "" for r in (ref, fast)),
                     difference, *(percent([r["test_accuracy"]]) if r else "" for r in (ref, fast)),
                     *(f"{float(r['seconds']):.1f}" if r else "" for r in (ref, fast))))
    return table(("epoch", "loss, ref", "loss, fast", "difference", "test, ref", "test, fast",
                  "seconds, ref", "seconds, fast"), rows)


def training(build):
    folder = os.path.join(build, "train")
    names = sorted(n[:-4] for n in os.listdir(folder) if n.endswith(".tsv")) \
        if os.path.isdir(folder) else []
    if not names:
        return missing("training", "make train")
    logs = {name: read_log(os.path.join(folder, name + ".tsv")) for name in names}
    one = [n for n in names if "-seed-" not in n and not n.endswith("-ref")]
    text = "Both sides from the same weights, on the same images in the same order; after the last epoch:\n\n"
    rows = []
    for name in one:
        log = logs[name]
        first, ref, fast = log[0], last(log, "ref"), last(log, "fast")
        worst = max((abs(float(a["loss"]) - float(b["loss"])) for a in log for b in log
                     if (a["impl"], b["impl"]) == SIDES and a["epoch"] == b["epoch"]), default=None)
        epochs = max(int(r["epoch"]) for r in log)
        best = max((float(r["test_accuracy"]) for r in log), default=0)
        rows.append((name, first["network"], first["form"], first["images"], epochs, first["batch"],
                     first["lr"], percent([ref["test_accuracy"]]) if ref else "",
                     percent([fast["test_accuracy"]]) if fast else "", f"{100 * best:.2f} %",
                     f"{worst:.1e}" if worst is not None else "",
                     f"{float(ref['seconds']) / float(fast['seconds']):.1f}" if ref and fast else ""))
    text += table(("run", "network", "form", "images", "epochs", "batch", "first lr", "test, ref",
                   "test, fast", "best epoch", "largest difference of the losses", "ref / fast, time"), rows)
    groups = {}
    for name in names:
        if "-seed-" in name:
            groups.setdefault(name.split("-seed-")[0], []).append(last(logs[name], "fast"))
    if groups:
        text += ("\nPhotographs, by fast; mean and standard deviation over the seeds, of weights and of\n"
                 "the order of images; beside them ref with the first seed:\n\n")
        rows = []
        for name, group in sorted(groups.items()):
            log = logs.get(name + "-ref")
            ref = last(log, "ref") if log else None
            rows.append((name, group[0]["form"], group[0]["epoch"], group[0]["batch"], group[0]["lr"],
                         len(group), *(percent([r[c + "_accuracy"] for r in group])
                                       for c in ("train", "validation", "test")),
                         *(percent([r["test_accuracy"]]) if r else "" for r in (group[0], ref)),
                         f"{float(ref['seconds']):.1f}" if ref else ""))
        text += table(("run", "form", "epochs", "batch", "lr", "seeds", "train", "validation", "test",
                       "test, fast, first seed", "test, ref, first seed", "seconds an epoch, ref"), rows)
    for name in one:
        text += f"\n<details><summary>{name}: its curves</summary>\n\n{curves(logs[name])}"
        printed = os.path.join(folder, name + ".txt")
        if os.path.exists(printed):
            with open(printed) as f:
                lines = f.read().rstrip().split("\n")
            text += "\n```\n" + lines[0] + "\n" + "\n".join(judgement(lines)) + "\n```\n"
        text += "\n</details>\n"
    return text


def judgement(lines):
    """From the first line that counts test images on: how many were right, and which were not."""
    at = next((i for i, line in enumerate(lines) if "test images" in line), len(lines))
    return lines[at:]


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
