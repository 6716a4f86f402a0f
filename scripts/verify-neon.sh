#!/bin/sh
# verify-neon.sh DIR - builds for aarch64 in DIR and runs that under qemu: every kernel against ref and
# NumPy, and the digest that x86-64 wrote, which NEON has to give too.
set -eu
unset MAKEFLAGS MAKELEVEL MFLAGS 2>/dev/null || true # a build of its own
dir=${1:?usage: verify-neon.sh DIR}
target=aarch64-linux-gnu
for tool in $target-gcc qemu-aarch64; do
    command -v $tool >/dev/null 2>&1 || {
        echo "verify-neon.sh: $tool is missing: scripts/setup.sh neon installs it" >&2
        exit 2
    }
done

# Only libraries of the target: those of this machine are not for it.
export PKG_CONFIG_LIBDIR=/usr/lib/$target/pkgconfig
make BUILD="$dir" CC=$target-gcc build
run="qemu-aarch64 -L /usr/$target $dir/cnncheck"
$run verify --tier smoke

# Convolution and a few others beside the rest.
{
    $run digest --check fixtures/DIGEST --layer 'c*'
    $run digest --check fixtures/DIGEST --layer 'm*'
} &
beside=$!
$run digest --check fixtures/DIGEST --layer '[!cm]*'
wait $beside
