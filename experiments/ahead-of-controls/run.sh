#!/usr/bin/env bash
# Evolution and its controls at equal cost.
#
#     experiments/ahead-of-controls/run.sh [DIR]
#
# DIR          where runs and the table are left (default: runs/ahead-of-controls); what is finished there is not run again
# SEEDS        the seeds of the searches (default: 11..20)
# MLEVOLVE     a binary to run, instead of one that is built
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:-runs/ahead-of-controls}
seeds=${SEEDS:-11..20}

if [ -z "${MLEVOLVE:-}" ]; then
    cargo build --release --locked --manifest-path "$root/Cargo.toml"
    MLEVOLVE=${CARGO_TARGET_DIR:-$root/target}/release/mlevolve
fi
binary=$(realpath "$MLEVOLVE")
mkdir -p "$out"

# Runs the searches of a row: its name, and options.
search() {
    local name=$1
    shift
    "$binary" evolve --config "$here/search.toml" --seeds "$seeds" "$@" --out "$out/$name"
}

search evolution
search random-search --control random-search
search constants-only --control constants-only

cd "$out"
"$binary" compare evolution random-search constants-only | tee table.txt
