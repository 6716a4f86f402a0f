#!/bin/sh
# digest-compilers.sh DIR - builds with GCC and Clang, -O1 to -O3, below DIR; each must give the bits of
# fixtures/DIGEST at every instruction set.
set -eu
unset MAKEFLAGS MAKELEVEL MFLAGS 2>/dev/null || true # a build of its own
dir=${1:?usage: digest-compilers.sh DIR}
for compiler in gcc clang; do
    command -v $compiler >/dev/null 2>&1 || {
        echo "digest-compilers.sh: $compiler is missing: scripts/setup.sh ci installs it" >&2
        exit 2
    }
done

status=0
for compiler in gcc clang; do
    for level in -O1 -O2 -O3; do
        make -s BUILD="$dir/$compiler$level" CC=$compiler CFLAGS=$level HARD=$level build >/dev/null
        if said=$("$dir/$compiler$level/cnncheck" digest --check fixtures/DIGEST); then
            echo "$compiler $level: the same bits"
        else
            echo "$compiler $level: OTHER BITS"
            echo "$said" | grep FAIL || true
            status=1
        fi
    done
done
exit $status
