#!/bin/sh
# setup.sh - installs what `make test` and `make coverage` need, on Debian and its relatives.
#
#   scripts/setup.sh       compiler, make, cmocka, zlib, libzip, libjpeg, libpng, NumPy, gcovr
#   scripts/setup.sh ci    the same, and Clang with its sanitizers and OpenMP
#   scripts/setup.sh neon  as without a word, and what `make verify-neon` needs: a cross compiler, qemu
#   scripts/setup.sh peers likewise, and what `make bench-peers` runs beside: oneDNN, OpenBLAS, PyTorch
#
# `make verify` needs none of this beyond a C compiler and make.
set -eu

packages="gcc make libc6-dev pkg-config libcmocka-dev zlib1g-dev libzip-dev libjpeg-dev libpng-dev python3 python3-numpy gcovr"
case "${1:-}" in
"") ;;
ci) packages="$packages git clang libomp-dev libclang-rt-dev" ;;
neon) packages="$packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user" ;;
peers) packages="$packages libdnnl-dev libopenblas-dev python3-torch" ;;
--help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
*) echo "setup.sh: $1: not known; see scripts/setup.sh --help" >&2; exit 2 ;;
esac

if ! command -v apt-get >/dev/null 2>&1; then
    cat >&2 <<END
setup.sh: no apt-get here. Install by your system's own means, then run make test:
  a C compiler (GCC or Clang), make, pkg-config, cmocka, zlib, libzip, libjpeg,
  libpng, Python 3 with NumPy, gcovr
END
    exit 2
fi

missing=
for p in $packages; do
    dpkg -s "$p" 2>/dev/null | grep -q '^Status: install ok installed' || missing="$missing $p"
done
if [ -z "$missing" ]; then
    echo "setup.sh: everything is there"
    exit 0
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "setup.sh: run as root, or install these yourself:$missing" >&2
        exit 2
    }
    as_root=sudo
fi
$as_root apt-get update -q
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
