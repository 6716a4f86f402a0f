#!/usr/bin/python3
"""That no kernel became slower than scripts/bench.json says.

  scripts/bench_check.py BUILD            measure, compare, exit 1 if something is clearly slower
  scripts/bench_check.py BUILD --accept   measure twice, and keep the lesser ratios for this processor

Compared is the part of the machine's limit that a kernel reaches, of all that take a microsecond and have
a limit, at the documents' shapes and batches of them, on one thread. A processor reaches its limits in a
way of its own, so each has ratios of its own. Clearly slower is a median that lost more than a tenth, and
more than lies between the quartiles of the ratio, in three runs out of three.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

KEPT = Path(__file__).resolve().parent / 'bench.json'
LOST = 0.10                 # of the kept ratio
RUNS = 3
LEAST = 1e-6                # seconds of a call: less is that of the call itself


def processor():
    """What it is called, and what tells it from others of that name."""
    told = dict(line.split(':', 1) for line in Path('/proc/cpuinfo').read_text().split('\n\n')[0].splitlines()
                if ':' in line)
    told = {key.strip(): value.strip() for key, value in told.items()}
    return ', '.join('%s %s' % (key, told[key])
                     for key in ('model name', 'cpu family', 'model', 'CPU implementer', 'CPU part')
                     if key in told)


def measure(build, isa, layer='*', case=None):
    result = build / 'bench-check.json'  # bench.json is what the report tells
    command = [build / 'cnncheck', 'bench', '--layer', layer, '--isa', isa, '--json', result]
    done = subprocess.run(command + (['--case', case] if case else []), stdout=subprocess.DEVNULL)
    if done.returncode:
        sys.exit('bench-check: cnncheck bench ended with %d' % done.returncode)
    return {(t['name'], t['shape']): t for t in json.loads(result.read_text())['timings']
            if t['part'] is not None}


def slower(kept, timing):
    """How much of the kept ratio is lost, where that is clear; else 0."""
    lost = 1.0 - timing['part'] / kept['part']
    return lost if lost > max(LOST, kept['part_spread'], timing['part_spread']) else 0.0


def accept(build, isa):
    first, second = measure(build, isa), measure(build, isa)
    return [{key: least[key] for key in ('name', 'shape', 'limit', 'part', 'part_spread')}
            for name in first if first[name]['seconds'] >= LEAST and name in second
            for least in (min(first[name], second[name], key=lambda t: t['part']),)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('build', type=Path)
    parser.add_argument('--accept', action='store_true')
    options = parser.parse_args()
    try:
        info = subprocess.run([options.build / 'cnncheck', 'info'], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit('bench-check: %s' % error)
    sets = next(l for l in info.splitlines() if l.startswith('instruction sets'))
    usable = [isa for isa in ('avx2', 'avx512', 'neon') if ' %s' % isa in sets
              and ' %s (not ' % isa not in sets]
    every = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    if options.accept:
        every[processor()] = {isa: accept(options.build, isa) for isa in usable}
        KEPT.write_text(json.dumps(every, indent=0) + '\n')
        print('bench-check: %d ratios kept in %s for %s'
              % (sum(map(len, every[processor()].values())), KEPT.name, processor()))
        return
    kept = every.get(processor(), {})
    compared, failures = 0, []
    for isa in usable:
        now = measure(options.build, isa) if isa in kept else {}
        for old in kept.get(isa, []):
            key = old['name'], old['shape']
            if key not in now:
                failures.append('%s %s %s: not measured any more' % (isa, *key))
                continue
            compared += 1
            least = slower(old, now[key])
            for _ in range(RUNS - 1):
                if not least:
                    break
                least = min(least, slower(old, measure(options.build, isa, *key)[key]))
            if least:
                failures.append('%s %s %s: %.0f %% of its part of the limit are lost'
                                % (isa, *key, 100 * least))
    if not compared:
        sys.exit('bench-check: nothing is kept for %s, %s; scripts/bench_check.py %s --accept keeps it'
                 % (processor(), ' '.join(usable), options.build))
    print('\n'.join(failures + ['bench-check: %d ratios compared, %d clearly slower'
                                % (compared, len(failures))]))
    sys.exit(bool(failures))


if __name__ == '__main__':
    main()
