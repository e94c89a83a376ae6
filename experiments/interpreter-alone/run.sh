#!/usr/bin/env bash
# The same searches by the interpreter alone and by native code: are results the same, and how long do they take?
#
#     experiments/interpreter-alone/run.sh [DIR]
#
# DIR          where runs and the table are left; it must be new or empty (default: runs/interpreter-alone)
# ROUNDS       how often each is run, in turns (default: 3)
# MLEVOLVE     a binary to run, instead of one that is built
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:-runs/interpreter-alone}
rounds=${ROUNDS:-3}

if [ -n "$(ls -A "$out" 2>/dev/null)" ]; then
    echo "error: $out is not empty: name another directory" >&2
    exit 2
fi
if [ -z "${MLEVOLVE:-}" ]; then
    cargo build --release --locked --manifest-path "$root/Cargo.toml"
    MLEVOLVE=${CARGO_TARGET_DIR:-$root/target}/release/mlevolve
fi

# Sets the settings of a search, by its name.
choose() {
    case $1 in
        optimizer) settings=(--generations 8) ;;
        loss) settings=(--config "$here/../losses/classification.toml" --generations 8) ;;
        learner) settings=(--config "$here/learner.toml") ;;
    esac
}

mkdir -p "$out"
for round in $(seq "$rounds"); do
    for search in optimizer loss learner; do
        for backend in interp jit auto; do
            run=$out/$search-$backend-$round
            choose "$search"
            begun=$(date +%s.%N)
            "$MLEVOLVE" evolve "${settings[@]}" --backend "$backend" --out "$run" >/dev/null
            echo "$search $backend $begun $(date +%s.%N)" >> "$out/times.txt"
            # What is found and how good it is, to the byte.
            cmp "$out/$search-interp-1/best.mle" "$run/best.mle"
            cmp "$out/$search-interp-1/result.json" "$run/result.json"
        done
    done
done
echo "Results are the same, to the byte."

awk '{ print $1, $2, $4 - $3 }' "$out/times.txt" | sort -k1,2 -k3n | awk '
    { key = $1 " " $2; count[key]++; seconds[key, count[key]] = $3 }
    END {
        printf "%-12s %-8s %10s %22s\n", "search", "back end", "median, s", "candidates an hour, x"
        for (key in count) {
            split(key, part, " ")
            middle[key] = seconds[key, int((count[key] + 1) / 2)]
        }
        for (key in count) {
            split(key, part, " ")
            printf "%-12s %-8s %10.1f %22.2f\n", part[1], part[2], middle[key], middle[part[1] " interp"] / middle[key] | "sort"
        }
    }' | tee "$out/times-table.txt"
