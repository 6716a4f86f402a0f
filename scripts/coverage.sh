#!/bin/sh
# coverage.sh DIR - builds with coverage in DIR, runs verify, digest and the tests, and writes
#
#   DIR/index.html     every line
#   DIR/summary.json   per file, for REPORT.md
#   DIR/summary.txt    the same as a table, which is printed too
#
# and fails unless all lines of ref/ and fast/ and nine tenths of harness/ were run.
set -eu
unset MAKEFLAGS MAKELEVEL MFLAGS 2>/dev/null || true # a build of its own
export OMP_NUM_THREADS=1 # but where a test asks for more: threads would wait for each other's counters
dir=${1:?usage: coverage.sh DIR}
command -v gcovr >/dev/null 2>&1 || {
    echo "coverage.sh: gcovr is missing: scripts/setup.sh installs it" >&2
    exit 2
}

find "$dir" -name '*.gcda' -delete 2>/dev/null || true
make BUILD="$dir" COVERAGE=1 CC=gcc build
"$dir/cnncheck" verify --tier smoke
"$dir/cnncheck" digest --check fixtures/DIGEST # on several threads
make BUILD="$dir" COVERAGE=1 CC=gcc test

# Kernels that fault on purpose are left by a jump, and gcov then counts some branch below zero.
gcovr -j "$(getconf _NPROCESSORS_ONLN)" --gcov-ignore-parse-errors --root . --object-directory "$dir" \
    --exclude tests/ --json "$dir/lines.json" "$dir"
of_lines() {
    gcovr --root . --add-tracefile "$dir/lines.json" "$@"
}
of_lines --html-details "$dir/index.html" --json-summary "$dir/summary.json" --txt "$dir/summary.txt"
cat "$dir/summary.txt"

status=0
for rule in "ref 100" "fast 100" "harness 90"; do
    set -- $rule
    if of_lines --filter "$1/" --fail-under-line "$2" >/dev/null; then
        echo "$1: at least $2 % of lines"
    else
        echo "$1: LESS THAN $2 % of lines" >&2
        status=1
    fi
done
exit $status
