#!/usr/bin/env bash
# What each part of the search is worth: the same searches without it, at equal cost.
#
#     experiments/ablation/run.sh [DIR]
#
# DIR          where settings, runs and the table are left (default: runs/ablation); what is finished there is not run again
# SEEDS        the seeds of the searches (default: 11..20)
# ROWS         which rows to run (default: all)
# MLEVOLVE     a binary to run, instead of one that is built
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
whole=$here/../ahead-of-controls/search.toml
out=${1:-runs/ablation}
seeds=${SEEDS:-11..20}
all='whole no-crossover no-funnel no-dedup one-island no-injection no-second-look'
read -ra rows <<<"${ROWS:-$all}"

if [ -z "${MLEVOLVE:-}" ]; then
    cargo build --release --locked --manifest-path "$root/Cargo.toml"
    MLEVOLVE=${CARGO_TARGET_DIR:-$root/target}/release/mlevolve
fi
binary=$(realpath "$MLEVOLVE")
mkdir -p "$out/settings"

# What turns the settings of the whole search into those of a row.
change() {
    case $1 in
    whole) ;;
    no-crossover) echo 's/^crossover_probability = .*/crossover_probability = 0/' ;;
    no-funnel) echo 's/^(hurdle|hurdle_quantile) = .*/\1 = 0/; s/^probes = .*/probes = false/' ;;
    no-dedup) echo 's/^reuses_verdicts = .*/reuses_verdicts = false/' ;;
    one-island) echo 's/^islands = .*/islands = 1/' ;;
    no-injection) echo 's/^(injection_rate|low_diversity_injection_rate) = .*/\1 = 0/' ;;
    no-second-look) echo '/^\[search\.second_look\]/, /^$/ d' ;;
    *)
        echo "error: there is no row $1; rows are $all" >&2
        return 2
        ;;
    esac
}

for row in "${rows[@]}"; do
    edit=$(change "$row")
    settings=$out/settings/$row.toml
    sed -E "$edit" "$whole" >"$settings"
    if [ "$row" != whole ] && cmp -s "$settings" "$whole"; then
        echo "error: $whole has nothing that $row takes away" >&2
        exit 1
    fi
    "$binary" evolve --config "$settings" --seeds "$seeds" --out "$out/$row"
done

cd "$out"
"$binary" compare "${rows[@]}" | tee table.txt
