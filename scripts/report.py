#!/usr/bin/env python3
"""report.py [BUILD] - writes REPORT.md from what the commands left in BUILD (default: build).

  BUILD/verify.json             make verify
  BUILD/train/<run>.<side>.tsv  make train, and .txt beside it
  BUILD/defects/training.md     make defects
  BUILD/bench.json              cnncheck bench --json
  BUILD/peers.json              make bench-peers
  BUILD/coverage/summary.json   make coverage

Every number in REPORT.md is read from these files. What has not been run is named as missing.
"""
import csv
import json
import os
import re
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
        verdict += ", **not trusted**" if t["distrusted"] else ""
        if t["exhausted"]:
            verdict += f", {t['exhausted']} floats in a row: "
            verdict += f"{t['ulps']:.3f} ulp at `{t['ulps_at']}`" if t["ulps"] else "ref rounded"
        rows.append((t["name"], t["cases"], t["exact"], t["bound"], t["fixtures"],
                     t["relations"], t["trusted"], t["calls"],
                     number(t["headroom"]) or "exact", number(t["median"]),
                     f"`{t['witness']}`" if t["witness"] else "", verdict))
    text = (f"cnncheck {v['version']}, {v['compiler']}, {v['processor']}, sets {', '.join(v['sets'])}; "
            f"tier {v['tier']}, seed {v['seed']}, {v['threads']} threads, {v['seconds']:.0f} s: "
            f"**{'everything held' if v['held'] else 'FAILED'}**."
            + "".join(f" Set {name}: {state}." for name, state in v["states"].items() if state != "ran")
            + "\n\n"
            "Cases are judged bit for bit (exact: integers, every sum exact in float), by the computed\n"
            "bound (reals), and against NumPy's fixtures. Every case runs with every set, with all buffers\n"
            "against unmapped pages, at their start and then at their end; and every set gives the bits of\n"
            "scalar. Relations counts the adjoints, metamorphic relations and central differences that held,\n"
            "by ref and by fast with every set. Trusted counts the cases that are evidence: no expected output\n"
            "is mostly zeros, or the same number everywhere. Headroom is the worst error of fast as a part of\n"
            "its bound: above 1 it would be rejected. Median is that of all bounded cases.\n\n")
    text += table(("function", "cases", "exact", "bound", "fixtures", "relations", "trusted", "calls",
                   "headroom", "median", "worst at", "verdict"), rows)
    rows = [(t["network"], t["cases"], t["steps"], f"{t['off']:.1e}", number(t["headroom"]),
             "held" if t["rejected"] == 0 else "**failed**") for t in v["networks"]]
    text += ("\nWhole networks on NumPy's fixtures, trained for a few steps from the weights in them: the worst\n"
             "difference between ref and NumPy, as a part of the largest element of its tensor, and the worst\n"
             "error of fast, as a part of its bound:\n\n")
    text += table(("network", "cases", "steps", "ref off by", "headroom", "verdict"), rows)
    rows = [(t["network"], len(t["loss_ref"]), f"{t['difference']:.2g}",
             f"{100 * t['accuracy_ref']:.2f} %", f"{100 * t['accuracy_fast']:.2f} %",
             "held" if t["held"] else "**failed**") for t in v["training"]]
    if rows:
        text += "\nTrained within `make verify`, from the same weights, with the images in the same order:\n\n"
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


def curves(logs):
    """Both loss curves of one run, and where they differ."""
    at = {(side, int(r["epoch"])): r for side, log in logs.items() for r in log}
    rows = []
    for epoch in sorted({e for _, e in at}):
        pair = [at.get((side, epoch)) for side in SIDES]
        rows.append((epoch, *(f"{float(r['loss']):.6f}" if r else "" for r in pair),
                     f"{abs(float(pair[0]['loss']) - float(pair[1]['loss'])):.1e}" if all(pair) else "",
                     *(percent([r["test_accuracy"]]) if r else "" for r in pair)))
    return table(("epoch", "loss, ref", "loss, fast", "difference", "test, ref", "test, fast"), rows)


def run_row(name, logs):
    some = next(iter(logs.values()))
    ends = [logs[side][-1] if side in logs else None for side in SIDES]
    gaps = [abs(float(a["loss"]) - float(b["loss"])) for a, b in zip(*logs.values())] \
        if len(logs) == 2 else []
    return (name, some[0]["network"], some[0]["form"], some[0]["images"], len(some), some[0]["batch"],
            some[0]["lr"], *(percent([r["test_accuracy"]]) if r else "" for r in ends),
            *(f"{100 * max(float(r['test_accuracy']) for r in logs[side]):.2f} %" if side in logs else ""
              for side in SIDES),
            f"{max(gaps):.1e}" if gaps else "",
            *(f"{sum(float(r['seconds']) for r in logs[side]) / len(logs[side]):.2f}"
              if side in logs else "" for side in SIDES))


def seeds_row(name, runs):
    """Of one setting with several seeds: name -> side -> log."""
    fast = [r["fast"] for r in runs if "fast" in r]
    both = [r for r in runs if set(SIDES) <= set(r)]
    first, epochs = fast[0][0], [row for r in both for row in r["ref"]]
    end = lambda logs, column: percent([log[-1][column] for log in logs]) if logs else ""
    return (name, first["network"], first["form"], len(fast[0]), first["batch"], first["lr"], len(fast),
            *(end(fast, c + "_accuracy") for c in ("train", "validation", "test")), len(both),
            *(end([r[side] for r in both], "test_accuracy") for side in SIDES),
            f"{sum(float(r['seconds']) for r in epochs) / len(epochs):.1f}" if epochs else "")


def training(build):
    folder = os.path.join(build, "train")
    files = sorted(n[:-4] for n in os.listdir(folder) if n.endswith(".tsv")) \
        if os.path.isdir(folder) else []
    if not files:
        return missing("training", "make train")
    runs, groups = {}, {}
    for name in files:
        run, side = name.rsplit(".", 1)
        group, seed, _ = run.partition("-seed-")
        to = groups.setdefault(group, {}) if seed else runs
        to.setdefault(run, {})[side] = read_log(os.path.join(folder, name + ".tsv"))
    text = ("Both sides start from the same weights and see the same images in the same order. Test accuracies\n"
            "are those after the last epoch and, as \"best\", after the best one; seconds are those of an epoch\n"
            "on one thread, the mean over all epochs.\n\n")
    text += table(("run", "network", "form", "images", "epochs", "batch", "first lr", "test, ref",
                   "test, fast", "best, ref", "best, fast", "largest difference of the losses",
                   "seconds, ref", "seconds, fast"),
                  [run_row(name, logs) for name, logs in sorted(runs.items())])
    if groups:
        text += ("\nSeveral seeds (of the weights and of the order of images): mean and standard deviation. The\n"
                 "last columns have the seeds that ref was trained with, and what fast reached with these.\n\n")
        text += table(("run", "network", "form", "epochs", "batch", "lr", "seeds", "train, fast",
                       "validation, fast", "test, fast", "seeds of ref", "test, ref",
                       "test, fast, these seeds", "seconds an epoch, ref"),
                      [seeds_row(name, [group[r] for r in sorted(group)])
                       for name, group in sorted(groups.items())])
    for name, logs in sorted(runs.items()):
        text += f"\n<details><summary>{name}: its curves</summary>\n\n{curves(logs)}"
        for side in SIDES:
            printed = os.path.join(folder, f"{name}.{side}.txt")
            if os.path.exists(printed):
                with open(printed) as f:
                    lines = judgement(f.read().rstrip().split("\n"))
                text += "\n```\n" + "\n".join(lines) + "\n```\n"
        text += "\n</details>\n"
    return text


def judgement(lines):
    """From the first line that counts test images on: how many were right, and which were not. Files
    without their folders, which are those of who trained."""
    at = next((i for i, line in enumerate(lines) if "test images" in line), len(lines))
    return [re.sub(r"weights of \S*/", "weights of ", line) for line in lines[at:]]


def defects(build):
    """The kill matrix, and what the defects do to training."""
    path = os.path.join(build, "verify.json")
    if not os.path.exists(path):
        return missing("kill matrix", "make verify")
    with open(path) as f:
        proofs = json.load(f)["defects"]
    if not proofs:
        return missing("kill matrix", "make verify")
    cell = {None: "", 0: "."}
    good = sum(p["faithful"] and p["caught"] and p["mended"] and p["sure"] for p in proofs)
    seeds, sights = proofs[0]["seeds"], list(proofs[0]["seen"])
    rows = [(p["id"], p["stands_for"], p["judge"],
             *(cell.get(p["seen"][s], p["seen"][s]) for s in sights), p["failure"] or "held")
            for p in proofs]
    rows.append(("with every seed", "", "", *(sum(p["seen"][s] == seeds for p in proofs)
                                              for s in sights), ""))
    text = (f"{good} of {len(proofs)} bugs are faithful (NumPy gives the same for the document's code), caught "
            "(rejected in the\nplace of a kernel of fast, by the judge named here), mended (ref and fast "
            "pass the same case) and sure (some\ncheck sees it with every seed). `cnncheck defects show ID` "
            "prints a page on each. The columns behind the judge\nare the kill matrix: with how many of "
            f"{seeds} seeds each check, by itself, sees the bug on other numbers (. with\nnone, blank: "
            "does not apply; fixtures do not depend on the seed). The last row counts the bugs that each\n"
            "check sees with every seed. Mistakes that need float, vectors or threads are in "
            "`tests/breaks.c`: `make test`\nrequires that each judge is tripped by one of them, with as "
            "many seeds.\n\n")
    text += table(("defect", "stands in for", "judge", *sights, "verdict"), rows)
    text += "\n## What the documents' bugs do to training\n\n"
    path = os.path.join(build, "defects", "training.md")
    if not os.path.exists(path):
        return text + missing("training with defects", "make defects")
    with open(path) as f:
        return text + ("Losses of the first epochs and the last, and the share of test images that are "
                       "right, by ref in\ndouble; in the last column what the documents' code, or a mended "
                       "network, gave in NumPy with other random\nnumbers.\n\n" + f.read())


def microseconds(seconds):
    """Three digits that count."""
    if seconds is None:
        return ""
    us = 1e6 * seconds
    return f"{us:.2f}" if us < 10 else f"{us:.1f}" if us < 100 else f"{us:,.0f}"


def speed(build):
    """Each kernel beside what the machine can do, and beside others' kernels."""
    path = os.path.join(build, "bench.json")
    if not os.path.exists(path):
        text = missing("time of kernels", "build/cnncheck bench --json build/bench.json")
    else:
        with open(path) as f:
            b = json.load(f)
        text = (f"The documents' shapes on {b['isa']}, threads: {b['threads']}. One thread does\n"
                f"{1e-9 * b['peak']:.0f} GFLOP/s of multiply-adds at most. "
                "The limit is the longest of the times that the\n"
                "kernel's multiply-adds, its vector operations or its divisions take alone, or one reading and\n"
                "writing of its operands from the memory that holds them, measured in turns with the kernel. Above\n"
                "100 % (!) that measurement was off. Calls that are too short for a probe have no limit.\n\n")
        rows = [(t["name"], f"`{t['shape']}`", microseconds(t["seconds"]), f"{100 * t['spread']:.0f} %",
                 *((t["limit"], f"{100 * t['part']:.0f} %{' !' if t['part'] > 1 else ''}")
                   if t["part"] else ("", "")),
                 f"{t['over_ref']:.1f}") for t in b["timings"]]
        text += table(("function", "shape", "us", "spread", "limit", "of it", "times ref's speed"), rows)
    path = os.path.join(build, "peers.json")
    if not os.path.exists(path):
        return text + "\n" + missing("comparison with other libraries", "make bench-peers")
    with open(path) as f:
        p = json.load(f)
    rows = [(r["work"], f"`{r['shape']}`", r["peer"], microseconds(r["ours"]),
             microseconds(r["theirs"]), f"{r['times']:.2f}", number(r["at_limit"], 2),
             r["wanted"] and f"{r['wanted']:.3g}" or "",
             {"missed": "**missed**"}.get(r["verdict"], r["verdict"]))
            for r in p["rows"]]
    text += (f"\nBeside others ({p['versions']}), in turns within one run: medians over {p['rounds']} rounds (a third where a\n"
             f"call takes long) in {p['processes']} processes, threads: {p['threads']}.\n\n"
             "- **oneDNN, best**: the implementation that it chooses, in its own layouts, reorders not counted.\n"
             "  **plain**: the same from NCHW to NCHW, as ours comes and goes. **fastest**: the fastest of all its\n"
             "  implementations, in its own layouts; it does not always choose that one.\n"
             "- **PyTorch**: `zero_grad` sets the gradients to None, so that a step writes them, as ours does.\n"
             "- **NumPy**: the networks of `scripts/networks.py`, which are written to be right and not fast. An epoch is\n"
             "  the measured step times the number of steps.\n"
             "- **At the limit**: the ratio if ours took only the time of what it cannot do without, timed by itself\n"
             "  in the same turns. For a kernel: its multiply-adds, and the operations that ours has for sigmoid and\n"
             "  the like, in registers; or reading and writing its operands, if that takes longer. For a step: the sum\n"
             "  of these operations; with one image, reading the weights of dense layers, and reading and writing\n"
             "  them, in place of their multiply-adds. For two threads: what two cores make of these operations\n"
             "  beside one. A wanted ratio above that is **beyond the limit**.\n"
             "- **Traffic**: a step of mnist01-relu beside reading, and reading and writing, its weights; and two threads\n"
             "  beside one where each reads all weights and writes a part, which is what sharing them costs.\n\n")
    return text + table(("work", "shape", "beside", "us, ours", "us, theirs", "times their speed",
                         "at the limit", "wanted", "verdict"), rows)


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
             "## The documents' bugs, and who sees them\n\n" + defects(build),
             "## Training\n\n" + training(build),
             "## Speed\n\n" + speed(build),
             "## Line coverage\n\n" + coverage(build)]
    with open("REPORT.md.tmp", "w") as f:
        f.write("\n".join(parts))
    os.replace("REPORT.md.tmp", "REPORT.md")
    print("REPORT.md written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
