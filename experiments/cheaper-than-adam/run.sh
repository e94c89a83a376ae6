#!/usr/bin/env bash
# Searches for an update rule of at most 7 FLOPs a parameter, and what they find beside tuned Adam, on tasks that no search saw.
#
#     experiments/cheaper-than-adam/run.sh [DIR]
#
# DIR          where runs and tables are left (default: runs/cheaper-than-adam); what is finished there is not run again
# STARTS       what searches begin with: `known` (SGD, momentum, Adam, random programs), `random` (these alone), or both (default)
# SEEDS        the seeds of the searches (default: 91..100)
# DATA_DIR     a folder with MNIST and CIFAR-10, to judge on mnist-mlp, mnist-conv and cifar10-conv too
# MLEVOLVE     a binary to run, instead of one that is built
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:-runs/cheaper-than-adam}
seeds=${SEEDS:-91..100}
read -ra starts <<<"${STARTS:-known random}"
against=adam,sgd,momentum,nesterov

if [ -z "${MLEVOLVE:-}" ]; then
    cargo build --release --locked --manifest-path "$root/Cargo.toml"
    MLEVOLVE=${CARGO_TARGET_DIR:-$root/target}/release/mlevolve
fi
binary=$(realpath "$MLEVOLVE")
data=()
if [ -n "${DATA_DIR:-}" ]; then
    data=(--data-dir "$(realpath "$DATA_DIR")")
fi
mkdir -p "$out/settings"
cd "$out"

# What turns the committed settings into those of a start.
change() {
    case $1 in
    known) ;;
    random) echo 's/^known_programs = .*/known_programs = false/; s/^random_attempts = .*/random_attempts = 1000/' ;;
    *)
        echo "error: there is no start $1, only known and random" >&2
        return 2
        ;;
    esac
}

# Judges what a start's searches found on a suite: its name, and the suite.
judge() {
    local table=$1
    shift
    "$binary" judge "$start"/seed-*/best.mle --against "$against" --seeds 20 "$@" | tee "$start-$table.txt"
}

for start in "${starts[@]}"; do
    edit=$(change "$start")
    sed -E "$edit" "$here/search.toml" >"settings/$start.toml"
    "$binary" evolve --config "settings/$start.toml" --seeds "$seeds" --out "$start"
    for program in "$start"/seed-*/best.mle; do
        # The formulas alone, and which known rule it is.
        "$binary" explain --quick "$program" | sed -n "/^  *[a-z].*' = /p; /^It is /p"
    done | tee "$start-rules.txt"
    judge images --suite digits-conv,digits-residual
    judge others --suite digits-mlp,digits-masked,digits-contrastive,text-transformer
    if [ ${#data[@]} -gt 0 ]; then
        judge files --suite mnist-mlp,mnist-conv,cifar10-conv "${data[@]}"
    fi
done
