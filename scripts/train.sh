#!/bin/sh
# train.sh PROGRAM BUILD [NAME...] - trains the networks as their documents do and as they do better, and
# leaves for REPORT.md, in BUILD/train, a table of each run (NAME.tsv), what it printed (NAME.txt) and its
# weights (NAME.npz). Runs that are there already are kept. NAME takes a few of them; all take hours.
#
# data/mnist and data/fashion come from scripts/fetch-data.sh, data/chihuahua-muffin is a folder of yours
# with the photographs, chihuahua/ and muffin/. What needs data that is not there is named and left out.
set -eu
program=${1:?usage: train.sh PROGRAM BUILD [NAME...]}
out=${2:?usage: train.sh PROGRAM BUILD [NAME...]}/train
shift 2
only=" $* "
mkdir -p "$out"

# run NAME DATA NETWORK OPTION...
run() {
    name=$1 data=$2
    shift 2
    case "$only" in "  " | *" $name "*) ;; *) return 0 ;; esac
    if [ -e "$out/$name.txt" ]; then
        return 0
    elif [ "$data" = embedded ]; then
        set -- "$@"
    elif [ -d "data/$data" ]; then
        set -- "$@" --data "data/$data"
    else
        echo "train.sh: no data/$data: $name is left out" >&2
        return 0
    fi
    echo "== $name: cnncheck train $*"
    "$program" train "$@" --log "$out/$name.tsv" --save "$out/$name.npz" >"$out/$name.out"
    # What learnt from the embedded images is judged on all of MNIST's as well.
    if [ "$data" = embedded ] && [ -d data/mnist ]; then
        "$program" eval "$1" --load "$out/$name.npz" --data data/mnist >>"$out/$name.out"
    fi
    mv "$out/$name.out" "$out/$name.txt"
    grep right "$out/$name.txt"
}

# As the documents have them; 000 gives neither learning rate nor number of steps.
run 003-document embedded mnist01-sigmoid
run 001-document mnist mnist01-relu
run 002-document fashion fashion
run 002-document-two fashion fashion --form two-convolutions
run 004-document mnist mnist10

# And better.
run 003-all-images mnist mnist01-sigmoid --epochs 5
run 002-better fashion fashion --batch 8 --lr 0.03 --lr-decay 0.85 --epochs 8
run 002-better-two fashion fashion --form two-convolutions --batch 8 --lr 0.03 --lr-decay 0.85 --epochs 8
run 004-better mnist mnist10 --lr 0.01 --epochs 5
run 004-all-images mnist mnist10 --limit 60000 --lr 0.01 --lr-decay 0.7 --epochs 5

# Document 000 in its forms: five seeds by fast, the first by ref as well.
photographs() {
    form=$1
    shift
    for seed in 1 2 3 4 5; do
        run "000-$form-seed-$seed" chihuahua-muffin chihuahua-muffin --form "$form" --seed "$seed" \
            --impl fast "$@"
    done
    run "000-$form-ref" chihuahua-muffin chihuahua-muffin --form "$form" --impl ref "$@"
}
photographs document
photographs logits
photographs plain
