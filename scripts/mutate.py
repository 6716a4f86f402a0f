#!/usr/bin/env python3
"""Changes one operator, constant, index, bound or mask at a time; the harness must notice.

  scripts/mutate.py                    every mutant of fast/ and of the judging part of harness/
  scripts/mutate.py --smoke N          N of them, drawn with --seed S
  scripts/mutate.py --file GLOB        only of these files

A mutant of a kernel is killed when `cnncheck verify --tier smoke` of a layer that it is compiled
into, or, where that holds at every set, `cnncheck digest` beside fixtures/DIGEST, rejects it or does
not end in time; one of the harness when a test of compare or judge does. A run is stopped at its
first FAIL: its judge is who killed the mutant. One that compiles into the same objects is no mutant.
One listed in scripts/mutants.txt, with the proof that it computes the same, is proven and not run.
What is left has survived, and is printed. Of fast/isa/ only the sets of this machine are changed.

Writes BUILD/mutation.json, where BUILD is build/mutation unless --build says otherwise.
Exit status: 0 nothing survived, 1 something did, 2 it could not be run.
"""
import argparse
import concurrent.futures
import fnmatch
import hashlib
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
NO_LAYERS = ['elementary', 'probe'] # which the exhaustive tier and bench call
OF_SET = {'scalar': '', 'avx2': ' fma ', 'avx512': ' avx512f ', 'neon': ' asimd '}
CPU = pathlib.Path('/proc/cpuinfo').read_text()
SETS = [name for name, feature in OF_SET.items() if feature in CPU]
DIALECTS = [f'fast/isa/{file}{name}.h' for name in SETS
            for file in ('', 'lanes_', 'logs_', 'memory_', 'part_')]
KERNELS = sorted(str(p.relative_to(ROOT)) for p in (ROOT / 'fast').glob('*.[ch]')
                 if p.stem not in NO_LAYERS)
OF_ALL = [f'fast/isa/{file}.h' for file in ('composed', 'logs', 'part_whole')]
KERNELS += [f for f in DIALECTS + OF_ALL if (ROOT / f).exists()]
HARNESS = ['harness/compare.c', 'harness/judge.c']
TESTS = ['test_compare', 'test_judge', 'test_judge_double']
PROVEN = ROOT / 'scripts/mutants.txt'

# What becomes what. Binary operators stand between blanks; that tells them from pointers and signs.
SWAPS = [
    (r'(?<= )\+(?= )', '-'), (r'(?<= )-(?= )', '+'), (r'(?<= )\*(?= )', '+'),
    (r'(?<= )/(?= )', '*'), (r'(?<= )%(?= )', '/'), (r'(?<= )<(?= )', '<='),
    (r'(?<= )<=(?= )', '<'), (r'(?<= )>(?= )', '>='),
    (r'(?<= )>=(?= )', '>'), (r'(?<= )==(?= )', '!='), (r'(?<= )!=(?= )', '=='),
    (r'(?<= )&&(?= )', '||'), (r'(?<= )\|\|(?= )', '&&'), (r'(?<= )\+=(?= )', '-='),
    (r'(?<= )\*=(?= )', '+='), (r'\+\+', '--'), (r'!(?=[\w(])', ''),
    (r'\bv_add\b', 'v_sub'), (r'\bv_sub\b', 'v_add'), (r'\bv_mul\b', 'v_add'),
    (r'\bv_div\b', 'v_mul'),
    (r'\bv_min\b', 'v_max'), (r'\bv_max\b', 'v_min'), (r'\bv_fnma\b', 'v_fma'), (r'\bv_even\b', 'v_odd'),
    (r'\bv_odd\b', 'v_even'),
    (r'\bv_lt\b', 'v_le'), (r'\bv_le\b', 'v_lt'), (r'\bv_neg\b', ''), (r'\bv_abs\b', ''),
    (r'\bm_not\b', ''), (r'\bi_add\b', 'i_sub'), (r'\bi_sub\b', 'i_add'), (r'\bi_and\b', 'i_xor'),
    (r'\bi_xor\b', 'i_and'), (r'\bi_shl\b', 'i_shr'), (r'\bi_shr\b', 'i_shl'), (r'\bfabs\b', ''),
    (r'\btrue\b', 'false'), (r'\bfalse\b', 'true'),
    (r'(?<= )-=(?= )', '+='), (r'(?<= )/=(?= )', '*='), (r'(?<= )&=(?= )', '|='),
    (r'(?<= )\^=(?= )', '|='), (r'(?<= )<<=(?= )', '>>='), (r'(?<= )>>=(?= )', '<<='),
    # The same in intrinsics.
    (r'(?<=_)add(?=_(?:ps|ss|epi32)\b)', 'sub'), (r'(?<=_)sub(?=_(?:ps|epi32)\b)', 'add'),
    (r'(?<=_)mul(?=_ps\b)', 'add'), (r'(?<=_)div(?=_ps\b)', 'mul'), (r'(?<=_)fmadd(?=_ps\b)', 'fmsub'),
    (r'(?<=_)and(?=_)', 'xor'), (r'(?<=_)xor(?=_)', 'and'), (r'(?<=_)andnot(?=_)', 'and'),
    (r'(?<=_)sllv(?=_)', 'srlv'), (r'(?<=_)srlv(?=_)', 'sllv'), (r'~(?=\w)', ''),
    (r'\b_CMP_LT_OQ\b', '_CMP_LE_OQ'), (r'\b_CMP_LE_OQ\b', '_CMP_LT_OQ'),
    (r'\b_CMP_EQ_OQ\b', '_CMP_NEQ_UQ'), (r'\bunpacklo\b', 'unpackhi'),
]
INTEGER = re.compile(r'(?<![\w.])(?:0x[0-9a-f]+|\d+)u?(?![\w.])')
REAL = re.compile(r'(?<![\w.])'
                  r'(?:0x[0-9a-f]*\.?[0-9a-f]*p[-+]?\d+|\d+\.\d*(?:e[-+]?\d+)?)f?(?![\w.])')
COUNTED = re.compile(r'\bv_(?:load_n|store_n|load_stride|store_stride|keep)\(') # in the last
NEGATED = re.compile(r'\bv_(?:select|fma)\(')                                   # in the first


def fail(text):
    sys.exit(print(f'mutate.py: {text}', file=sys.stderr) or 2)


def code_only(text):
    """The text with comments, strings and preprocessor lines blanked, everything in its place; of a
    macro's definition what it stands for is left."""
    parts = (r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|'
             r'^[ \t]*#[ \t]*define \w+(?:\([^)]*\))?|^[ \t]*#(?!define )(?:\\\n|[^\n])*')
    blank = lambda m: re.sub(r'[^\n]', ' ', m.group())
    return re.sub(parts, blank, text, flags=re.S | re.M)


def arguments(code, start):
    """Where the arguments of the call whose first one begins at `start` end."""
    depth, ends = 0, []
    for i in range(start, len(code)):
        if code[i] in '([{':
            depth += 1
        elif code[i] in ')]}' and depth:
            depth -= 1
        elif depth == 0 and code[i] in ',)':
            ends.append(i)
            if code[i] == ')':
                return ends
    return ends


def edits(code):
    """(start, end, replacement) of every change that is tried."""
    for pattern, new in SWAPS:
        for m in re.finditer(pattern, code):
            yield m.start(), m.end(), new
    for m in INTEGER.finditer(code):
        yield m.start(), m.end(), f'({m.group()} + 1)'
    for m in REAL.finditer(code):
        one = '1.0f' if m.group().endswith('f') else '1.0'
        zero = not re.search(r'[1-9]', m.group().split('p')[0].replace('0x', '', 1))
        grown = one if zero else f'({m.group()} * {one.replace("1.0", "1.01")})'
        yield m.start(), m.end(), grown
    for m in COUNTED.finditer(code):
        ends = arguments(code, m.end())
        yield ends[-1], ends[-1], ' - 1'
        yield ends[-1], ends[-1], ' + 1'
    for m in NEGATED.finditer(code):
        ends = arguments(code, m.end())
        word = 'm_not' if 'select' in m.group() else 'v_neg'
        yield m.end(), ends[0], f'{word}({code[m.end():ends[0]]})'


class Mutant:
    def __init__(self, path, text, start, end, new):
        self.path, self.text = path, text[:start] + new + text[end:]
        self.line = text.count('\n', 0, start) + 1
        first, last = text.rfind('\n', 0, start) + 1, text.find('\n', end)
        self.before = text[first:last].strip()
        self.after = (text[first:start] + new + text[end:last]).strip()
        self.verdict = self.by = ''

    def key(self):
        return self.path, ' '.join(self.before.split()), ' '.join(self.after.split())

    def lot(self, seed):
        """By which it is drawn: its own lines decide, so that a change draws no others elsewhere."""
        return hashlib.sha256(repr((seed, self.key())).encode()).digest()


def mutants_of(path):
    text = (ROOT / path).read_text()
    found = {}
    for start, end, new in edits(code_only(text)):
        mutant = Mutant(path, text, start, end, new)
        found.setdefault(mutant.text, mutant)
    return sorted(found.values(), key=lambda m: (m.line, m.after))


def read_proven():
    """Blocks of a file's name, `- line`, `+ line`, and the proof."""
    proven = {}
    blocks = re.split(r'\n\s*\n', PROVEN.read_text()) if PROVEN.exists() else []
    for block in blocks:
        lines = [line for line in block.splitlines() if not line.startswith('#')]
        if not lines:
            continue
        if len(lines) < 4 or lines[1][:2] != '- ' or lines[2][:2] != '+ ':
            fail(f'{PROVEN.relative_to(ROOT)}: not a file, - line, + line and a proof: {lines[0]}')
        key = (lines[0].strip(), ' '.join(lines[1][2:].split()), ' '.join(lines[2][2:].split()))
        proven[key] = ' '.join(' '.join(lines[3:]).split())
    return proven


class Build:
    """The program as it is, how each of its objects is compiled, and what it depends on.

    All but what has main() is one shared object: a mutant's objects are linked before it, and take the
    place of those in it. Kernels are compiled without inlining, a few times as quickly, and trap on a
    step out of an array: the bits are the same. Only whether a mutant that nothing killed is one at all
    is asked of objects with inlining."""
    BOUNDS = ['-fsanitize=bounds', '-fsanitize-undefined-trap-on-error']
    QUICK = ['-Dalways_inline=unused', '-fno-inline', *BOUNDS]

    def __init__(self, folder):
        self.folder, self.base = folder, f'{folder}/base'
        flags = [f'BUILD={self.base}', f'CFLAGS=-O1 -fPIC {" ".join(self.BOUNDS)} {self.QUICK[0]}',
                 f'HARD=-O1 {self.QUICK[1]}']
        for inherited in ('MAKEFLAGS', 'MAKELEVEL', 'MFLAGS'): # other flags would be another build
            os.environ.pop(inherited, None)
        done = subprocess.run(['make', '--no-print-directory', *flags], cwd=ROOT,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            fail(f'the sources do not build: {done.stderr.strip().splitlines()[-1]}')
        tests = [f'{self.base}/tests/{test}' for test in TESTS]
        said = subprocess.run(['make', '-nB', '--no-print-directory', *flags, 'build', *tests],
                              cwd=ROOT, capture_output=True, text=True, check=True).stdout
        self.compile, self.link = {}, {}
        for line in said.replace('\\\n', ' ').splitlines():
            words = [w for w in shlex.split(line.split('&&')[-1]) if w not in ('-MMD', '-MP')]
            if '-o' in words:
                target = words[words.index('-o') + 1]
                (self.compile if '-c' in words else self.link)[target] = words
        self.make_rest()
        self.users = {}
        for target in self.compile:
            name = pathlib.Path(target).name.split('.')
            if name[0] in NO_LAYERS or 'fast/' in target and name[1] not in SETS:
                continue
            used = (ROOT / target).with_suffix('.d').read_text().replace('\\\n', ' ').split()
            for name in used: # what the harness takes from fast/ is judged where kernels use it
                if '/fast/' in target or not name.startswith('fast/'):
                    self.users.setdefault(name, []).append(target)
        self.seconds = {} # of processor time, that each layer takes as it is
        self.inlined, self.lock = {}, threading.Lock()

    def make_rest(self):
        self.program, self.rest = f'{self.base}/cnncheck', f'{self.base}/rest.so'
        parts = {w for w in self.link[self.program] if w in self.compile and not w.endswith('/main.o')}
        link = [w for w in self.link[self.program] if not w.endswith('/main.o')]
        link[link.index('-o') + 1] = self.rest
        self.run_now([*link, '-shared'])
        for target, words in self.link.items():
            source = [w for w in words if w.startswith('tests/')]
            if source: # compiled but once
                main = f'{target}.o'
                (ROOT / main).parent.mkdir(exist_ok=True)
                self.run_now([*words[:words.index(source[0])], '-c', source[0], '-o', main])
                words = [main if w == source[0] else w for w in words]
            self.link[target] = [w for w in words if w not in parts]
            if not self.relink(target, ROOT / self.base, []):
                fail(f'{target} does not link')

    def run_now(self, words):
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            fail(f'the sources do not build: {done.stderr.strip().splitlines()[-1]}')

    def layers(self, path):
        """The layers that a file is compiled into, those that are quick to verify first."""
        layers = {pathlib.Path(t).name.split('.')[0] for t in self.users.get(path, [])}
        return sorted(layers, key=lambda layer: (self.seconds.get(layer, 0), layer))

    def limit(self, layer):
        return 4 + 4 * self.seconds[layer]

    def targets(self, path, layer):
        """A layer's objects and their sets: scalar, which is quick to compile and kills most, first."""
        for name in SETS:
            target = f'{self.base}/fast/{layer}.{name}.o'
            if target in self.users.get(path, []):
                yield target, name

    def compiled(self, target, made, inlined=False, mutant=None, work=None):
        """An object's bytes, or None when it does not compile."""
        words = list(self.compile[target])
        words[words.index('-o') + 1] = str(made)
        if inlined:
            words = [w for w in words if w not in self.QUICK or '-DISA_scalar' in words]
        if mutant:
            words = [str(work / w) if w == mutant.path else w for w in words]
            words.insert(words.index('-I.'), f'-I{work}')
        done = subprocess.run([words[0], '-w', *words[1:]], cwd=ROOT, capture_output=True)
        return None if done.returncode else made.read_bytes()

    def object(self, mutant, target, work):
        """Compiles one object of a mutant; whether it differs, or None when it does not compile."""
        made = self.compiled(target, work / pathlib.Path(target).name, False, mutant, work)
        return None if made is None else made != (ROOT / target).read_bytes()

    def same_inlined(self, mutant, target, work):
        with self.lock:
            if target not in self.inlined:
                self.inlined[target] = self.compiled(target, work / 'inlined.o', True)
        return self.compiled(target, work / 'inlined.o', True, mutant, work) == self.inlined[target]

    def relink(self, target, work, changed):
        """Links the program or a test with the objects that have changed; its path, or None."""
        words = list(self.link[target])
        made = work / pathlib.Path(target).name
        words[words.index('-o') + 1] = str(made)
        main = next(i for i, w in enumerate(words) if w.endswith('.o')) + 1
        words[main:main] = [str(work / pathlib.Path(t).name) for t in changed] + [self.rest]
        words.append(f'-Wl,-rpath,{ROOT / self.base}')
        return None if subprocess.run(words, cwd=ROOT, capture_output=True).returncode else made


def judge_named(line):
    """The judge that a line of FAIL names."""
    for pattern, name in ((r'(\w+) judge: ', None), (r': fast, \w+: ', 'relation'),
                          (r'which does not depend on it', 'lanes')):
        found = re.search(pattern, line)
        if found:
            return name or found.group(1)
    return 'other'


def ended(command, limit=None):
    """Who stopped a run: '' nobody, the judge that it names first, or a limit of processor time."""
    if limit:
        command = ['prlimit', f'--cpu={round(limit)}', *command]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, errors='replace') as run:
        for line in run.stdout:
            if line.startswith('FAIL '):
                run.kill()
                return 'digest' if 'digest' in command else judge_named(line)
    if run.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return 'time'
    return 'crash' if run.returncode < 0 else 'other' if run.returncode else ''


def verify(program, layer, *options):
    return [str(program), 'verify', '--tier', 'smoke', '--threads', '1', '--layer', layer, *options]


def digest(program, layer):
    return [str(program), 'digest', '--check', 'fixtures/DIGEST', '--layer', layer]


def judge_kernel(build, mutant, work):
    changed = {}
    for layer in build.layers(mutant.path):
        for target, name in build.targets(mutant.path, layer):
            differs = build.object(mutant, target, work)
            if differs is None:
                return 'invalid', ''
            if not differs:
                continue
            changed[target] = layer
            program = build.relink(build.program, work, changed)
            if not program:
                return 'invalid', ''
            by = ended(verify(program, layer, '--isa', name), build.limit(layer))
            if by:
                return 'killed', by
    for layer in dict.fromkeys(changed.values()):
        by = ended(digest(program, layer), build.limit(layer))
        if by:
            return 'killed', by
    if all(build.same_inlined(mutant, target, work) for target in changed):
        return 'same object', ''
    return 'survived', ''


def judge_harness(build, mutant, work):
    target, = build.users[mutant.path]
    differs = build.object(mutant, target, work)
    if not differs:
        return ('invalid' if differs is None else 'same object'), ''
    for test in TESTS:
        program = build.relink(f'{build.base}/tests/{test}', work, [target])
        if not program:
            return 'invalid', ''
        if ended([str(program)], 5):
            return 'killed', 'tests'
    return 'survived', ''


def judge(build, mutant, number):
    work = ROOT / build.folder / 'work' / str(number)
    source = work / mutant.path
    source.parent.mkdir(parents=True)
    source.write_text(mutant.text)
    kernel = mutant.path.startswith('fast/')
    how = judge_kernel if kernel else judge_harness
    mutant.verdict, mutant.by = how(build, mutant, work)
    shutil.rmtree(work)


def run(build, mutants, jobs):
    shutil.rmtree(ROOT / build.folder / 'work', ignore_errors=True)
    start, done = time.monotonic(), 0
    for layer in {layer for m in mutants if m.path in KERNELS for layer in build.layers(m.path)}:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        if ended(verify(ROOT / build.program, layer)) or ended(digest(ROOT / build.program, layer)):
            fail(f'{layer} is rejected as it is: mutants would tell nothing')
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        build.seconds[layer] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    for test in TESTS if any(m.path in HARNESS for m in mutants) else []:
        if ended([f'{build.base}/{test}']):
            fail(f'{test} fails as it is: mutants would tell nothing')
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(judge, build, m, i) for i, m in enumerate(mutants)]
        for future in concurrent.futures.as_completed(futures):
            future.result()
            done += 1
            left = (time.monotonic() - start) * (len(mutants) - done) / done
            if sys.stderr.isatty():
                print(f'\r\033[Kmutants {100 * done // len(mutants)} %, {left:.0f} s left', end='',
                      file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print('\r\033[K', end='', file=sys.stderr)


JUDGES = ['guard', 'poison', 'exact', 'bound', 'bits', 'flags', 'relation', 'lanes', 'digest', 'tests',
          'crash', 'time', 'other']
VERDICTS = ['killed', 'proven', 'survived', 'same object', 'invalid']


def kill_matrix(mutants):
    """Which judge was the first to reject how many mutants of a file."""
    killed = [m for m in mutants if m.verdict == 'killed']
    seen = [judge for judge in JUDGES if any(m.by == judge for m in killed)]
    print(f'{"killed by":22}' + ''.join(f'{judge:>9}' for judge in seen))
    for path in dict.fromkeys(m.path for m in killed):
        count = [sum(m.by == judge for m in killed if m.path == path) for judge in seen]
        print(f'{path:22}' + ''.join(f'{n or ".":>9}' for n in count))
    print()


def report(mutants, seed, folder, seconds):
    print(f'{"file":22}' + ''.join(f'{v:>13}' for v in VERDICTS) + '        score')
    files = {}
    for path in dict.fromkeys(m.path for m in mutants):
        count = {v: sum(m.verdict == v for m in mutants if m.path == path) for v in VERDICTS}
        counted = count['killed'] + count['proven'] + count['survived']
        score = f'{100 * (counted - count["survived"]) / counted:11.1f} %' if counted else ''
        print(f'{path:22}' + ''.join(f'{count[v]:13}' for v in VERDICTS) + score)
        files[path] = count
    print()
    kill_matrix(mutants)
    survivors = [m for m in mutants if m.verdict == 'survived']
    for m in survivors:
        print(f'SURVIVED {m.path}:{m.line}\n  - {m.before}\n  + {m.after}')
    total = {v: sum(m.verdict == v for m in mutants) for v in VERDICTS}
    path = ROOT / folder / 'mutation.json'
    content = {'seed': seed, 'total': total, 'files': files, 'seconds': round(seconds, 1),
               'mutants': [{'file': m.path, 'line': m.line, 'before': m.before, 'after': m.after,
                            'verdict': m.verdict, 'by': m.by} for m in mutants]}
    temporary = path.with_suffix('.tmp')
    temporary.write_text(json.dumps(content, indent=1) + '\n')
    os.replace(temporary, path)
    counted = total['killed'] + total['proven'] + total['survived']
    print(f'{"SURVIVED" if survivors else "HELD"}: {counted} mutants, {total["killed"]} killed, '
          f'{total["proven"]} proven, {len(survivors)} survived; {total["same object"]} were the '
          f'same object, {total["invalid"]} did not compile; {seconds:.0f} s')
    return 1 if survivors else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--smoke', type=int, metavar='N', help='only N mutants, drawn')
    parser.add_argument('--seed', type=int, default=1, help='of the draw (default: 1)')
    parser.add_argument('--file', default='*', metavar='GLOB', help='only of these files')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='mutants at once')
    parser.add_argument('--build', default='build/mutation', metavar='BUILD', help='where to build')
    parser.add_argument('--list', action='store_true', help='print the mutants; run none')
    options = parser.parse_args()
    start = time.monotonic()
    mutants = [m for path in KERNELS + HARNESS if fnmatch.fnmatch(path, options.file)
               for m in mutants_of(path)]
    if not mutants:
        fail(f'--file {options.file}: no file of fast/ and none of {", ".join(HARNESS)}')
    proven, known = read_proven(), {m.key() for m in mutants}
    stale = [key for key in proven if key not in known and fnmatch.fnmatch(key[0], options.file)]
    if stale:
        fail(f'{PROVEN.relative_to(ROOT)}: no such mutant of {stale[0][0]} any more: {stale[0][2]}')
    if options.smoke is not None and options.smoke < len(mutants):
        mutants = sorted(mutants, key=lambda m: m.lot(options.seed))[:max(1, options.smoke)]
        mutants.sort(key=lambda m: (m.path, m.line))
    if options.list:
        for m in mutants:
            print(f'{m.path}:{m.line}\n  - {m.before}\n  + {m.after}')
        print(f'{len(mutants)} mutants')
        return 0
    for m in mutants:
        m.verdict, m.by = ('proven', proven[m.key()]) if m.key() in proven else ('', '')
    build = Build(options.build)
    run(build, [m for m in mutants if not m.verdict], options.jobs)
    return report(mutants, options.seed, options.build, time.monotonic() - start)


if __name__ == '__main__':
    sys.exit(main())
