#!/bin/sh
# train.sh PROGRAM BUILD - trains the networks as their documents do, ref beside fast, and leaves in
# BUILD/train a table of each loss curve and the judgement of the weights on all of MNIST's zeros and
# ones, for REPORT.md. Without data/mnist (scripts/fetch-data.sh brings it) the embedded images serve.
set -eu
program=${1:?usage: train.sh PROGRAM BUILD}
out=${2:?usage: train.sh PROGRAM BUILD}/train
mkdir -p "$out"

data=
if [ -d data/mnist ]; then
    data="--data data/mnist"
else
    echo "train.sh: no data/mnist (scripts/fetch-data.sh mnist brings it): embedded images only"
fi

# Document 003 trains on as many images as are embedded, document 001 on 5,000 a class.
"$program" train mnist01-sigmoid --log "$out/mnist01-sigmoid.tsv" --save "$out/mnist01-sigmoid.npz"
# shellcheck disable=SC2086
"$program" train mnist01-relu $data --log "$out/mnist01-relu.tsv" --save "$out/mnist01-relu.npz"

for network in mnist01-sigmoid mnist01-relu; do
    # shellcheck disable=SC2086
    "$program" eval "$network" --load "$out/$network.npz" $data | tee "$out/$network.txt"
done
