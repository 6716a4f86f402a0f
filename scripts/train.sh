#!/bin/sh
# train.sh PROGRAM BUILD [RUN...] - trains the networks as their documents do and as they do better, by ref and
# by fast, and leaves for REPORT.md, in BUILD/train, a table of each run (RUN.SIDE.tsv), what it printed (.txt)
# and its weights (.npz). What is there already is kept. All runs take an hour and more; RUN names a few.
#
# data/mnist and data/fashion come from scripts/fetch-data.sh, data/chihuahua-muffin is a folder of yours
# with the photographs, chihuahua/ and muffin/. What needs data that is not there is named and left out.
set -eu
program=${1:?usage: train.sh PROGRAM BUILD [RUN...]}
out=${2:?usage: train.sh PROGRAM BUILD [RUN...]}/train
shift 2

both() {
    by fast "$@"
    by ref "$@"
}

# photographs SETTING OPTION... - document 000: five seeds by fast and the first of them by ref.
photographs() {
    setting=$1
    shift
    for seed in 1 2 3 4 5; do
        by fast "$setting-seed-$seed" chihuahua-muffin chihuahua-muffin --seed "$seed" "$@"
    done
    by ref "$setting-seed-1" chihuahua-muffin chihuahua-muffin --seed 1 "$@"
}

all() {
    # As the documents have them.
    both 001 mnist mnist01-relu
    both 002 fashion fashion
    both 002-two fashion fashion --form two-convolutions
    both 003 embedded mnist01-sigmoid
    both 004 mnist mnist10

    # And better.
    both 002-better fashion fashion --batch 8 --lr 0.03 --lr-decay 0.85 --epochs 8
    both 002-two-better fashion fashion --form two-convolutions --batch 8 --lr 0.03 --lr-decay 0.85 --epochs 8
    both 003-all-images mnist mnist01-sigmoid --epochs 5
    for seed in 1 2 3 4 5; do
        both "004-better-seed-$seed" mnist mnist10 --seed "$seed" --lr 0.01 --epochs 5
    done
    both 004-all-images mnist mnist10 --limit 60000 --lr 0.01 --lr-decay 0.7 --epochs 5

    # Document 000: as designed and in its other forms.
    photographs 000-document
    photographs 000-document-better --batch 50 --epochs 30 --lr 0.1
    photographs 000-logits-better --form logits --batch 50 --epochs 30 --lr 0.03 --lr-decay 0.93
    photographs 000-plain-better --form plain --batch 50 --epochs 30
}

# First their names alone: one that is none of them is a mistake.
names=
by() {
    case "$names " in *" $2 "*) ;; *) names="$names $2" ;; esac
}

all
for run in "$@"; do
    case "$run" in *[!0-9a-z-]* | "") known= ;; *) known=$names ;; esac
    case "$known " in *" $run "*) ;; *) echo "train.sh: ${run:-''}: no such run; there are$names" >&2; exit 2 ;; esac
done
only=" $* "
mkdir -p "$out"

# by SIDE RUN DATA NETWORK OPTION...
by() {
    side=$1 run=$2 data=$3
    made=$out/$run.$side
    shift 3
    case "$only" in "  " | *" $run "*) ;; *) return 0 ;; esac
    if [ -e "$made.txt" ]; then
        return 0
    elif [ "$data" != embedded ] && [ ! -d "data/$data" ]; then
        echo "train.sh: no data/$data: $run is left out" >&2
        return 0
    elif [ "$data" != embedded ]; then
        set -- "$@" --data "data/$data"
    fi
    echo "== $run: cnncheck train $* --impl $side"
    "$program" train "$@" --impl "$side" --log "$made.tsv" --save "$made.npz" >"$made.out"
    # What learnt from the embedded images is judged on all of MNIST's as well.
    if [ "$data" = embedded ] && [ -d data/mnist ]; then
        "$program" eval "$1" --impl "$side" --load "$made.npz" --data data/mnist >>"$made.out"
    fi
    mv "$made.out" "$made.txt"
    grep right "$made.txt"
}

all
