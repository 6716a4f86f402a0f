#!/usr/bin/python3
"""That no kernel became slower than scripts/bench.json says.

  scripts/bench_check.py BUILD            measure, compare, exit 1 if something is clearly slower
  scripts/bench_check.py BUILD --accept   measure twice, and keep the lesser ratios

Compared are ratios that hold across machines: the part of the machine's limit that a kernel reaches
and, where there is no limit, how many times faster than ref it is. Clearly slower is a median that
lost more than a tenth, and more than the spread of the measurement, in three runs out of three.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

KEPT = Path(__file__).resolve().parent / 'bench.json'
LAYERS = ['conv2d', 'dense', 'dense_sgd', 'maxpool', 'transpose']
LOST = 0.10                 # of the kept ratio
RUNS = 3
LEAST = 1e-6                # seconds of a call: less is that of the call itself


def ratio(timing):
    """The ratio that is compared, and which one it is."""
    name = 'part' if timing['part'] is not None else 'over_ref'
    return name, timing[name]


def measure(build, isa, layer, case=None):
    result = build / 'bench-check.json'  # bench.json is what the report tells
    command = [build / 'cnncheck', 'bench', '--layer', layer, '--isa', isa, '--json', result]
    subprocess.run(command + (['--case', case] if case else []), check=True,
                   stdout=subprocess.DEVNULL)
    return json.loads(result.read_text())['timings']


def slower(kept, timing):
    """How much of the kept ratio is lost, where that is clear; else 0."""
    name, was = ratio(kept)
    if timing[name] is None:
        return 0.0
    lost = 1.0 - timing[name] / was
    return lost if lost > max(LOST, kept['spread'], timing['spread']) else 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('build', type=Path)
    parser.add_argument('--accept', action='store_true')
    options = parser.parse_args()
    info = subprocess.run([options.build / 'cnncheck', 'info'], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    sets = next(l for l in info.splitlines() if l.startswith('instruction sets'))
    usable = [isa for isa in ('avx2', 'avx512', 'neon') if ' %s' % isa in sets
              and ' %s (not ' % isa not in sets]
    if options.accept:
        kept = {isa: [min(pair, key=lambda t: ratio(t)[1]) for layer in LAYERS
                      for pair in zip(measure(options.build, isa, layer),
                                      measure(options.build, isa, layer))
                      if pair[0]['seconds'] >= LEAST]
                for isa in usable}
        KEPT.write_text(json.dumps(kept, indent=0) + '\n')
        print('bench-check: %d ratios kept in %s' % (sum(map(len, kept.values())), KEPT.name))
        return
    kept = json.loads(KEPT.read_text())
    compared, failures = 0, []
    for isa in usable:
        now = {(t['name'], t['shape']): t for layer in LAYERS
               for t in measure(options.build, isa, layer)}
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
                again = measure(options.build, isa, old['name'], old['shape'])
                least = min(least, slower(old, again[0]))
            if least:
                failures.append('%s %s %s: %s lost %.0f %% of what was kept'
                                % (isa, *key, ratio(old)[0], 100 * least))
    if not compared:
        sys.exit('bench-check: nothing is kept for %s' % ', '.join(usable))
    print('\n'.join(failures + ['bench-check: %d ratios compared, %d clearly slower'
                                % (compared, len(failures))]))
    sys.exit(bool(failures))


if __name__ == '__main__':
    main()
