#!/usr/bin/env bash
# Measures the compiler, training and the environments beside their rivals in Rust, C and Python and prints one table.
#
#   rivals/run.sh [RUNS]                       5 runs, unless told otherwise
#   RIVALS_PYTHON=/path/to/venv/bin/python rivals/run.sh
#
# Every run goes once through all of them, so that each has its share of good and bad moments; ratios
# are taken within a run. Records stay in rivals/results/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runs=${1:-5}
if ! [[ $runs =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: rivals/run.sh [RUNS]" >&2
    exit 2
fi
python=${RIVALS_PYTHON:-python3}

results=rivals/results
mkdir -p "$results"
records=$results/records.tsv
: >"$records"

cargo build --release --locked --manifest-path rivals/Cargo.toml
cargo bench --locked --bench adamw --bench training --no-run
cargo bench --locked --package mlevolve-tasks --bench environments --no-run
expressions=rivals/target/release/expressions
"$expressions" --write "$results/expressions" --only-write

# One processor for all, the last, as the Python scripts have it.
pinned() {
    if command -v taskset >/dev/null; then
        taskset -c "$(($(nproc) - 1))" "$@"
    else
        "$@"
    fi
}

has_numpy=yes
if ! "$python" -c 'import numpy' 2>/dev/null; then
    has_numpy=no
    echo "NOTE: $python has no numpy, so no Python rival is measured; see rivals/README.md"
fi

# A script's figures, where there can be any.
script() {
    if [[ $has_numpy == yes ]]; then
        "$python" "$@"
    fi
}

for run in $(seq "$runs"); do
    echo "== run $run of $runs"
    common=(--rounds 7 --records "$PWD/$records" --run "$run")
    pinned cargo bench --quiet --locked --bench adamw -- "${common[@]}"
    script rivals/python/adamw.py "${common[@]}"
    pinned "$expressions" "${common[@]}"
    script rivals/python/expressions.py "${common[@]}" "$results/expressions"
    pinned rivals/target/release/product "${common[@]}"
    pinned cargo bench --quiet --locked --package mlevolve-tasks --bench environments -- "${common[@]}"
    script rivals/python/environments.py "${common[@]}"
    pinned cargo bench --quiet --locked --bench training -- "${common[@]}"
    script rivals/python/training.py "${common[@]}"
done

echo
echo "== medians over $runs runs"
"$python" rivals/python/table.py "$records"
