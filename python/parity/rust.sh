#!/usr/bin/env bash
# Compiles exports to Rust, without a warning, and runs the test in each: python/parity/rust.sh CASES [MOST]
set -euo pipefail
cases=$1
most=${2:-60}
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
number=0
# Known programs first; random ones as far as a test of 3 steps says something of them.
for source in "$cases"/*/rust_export.rs; do
    name=$(basename "$(dirname "$source")")
    case $name in random_*) order=1 ;; *) order=0 ;; esac
    echo "$order $name"
done | sort -V > "$built/names"
while read -r _ name; do
    [ "$number" -lt "$most" ] || break
    rustc --edition 2024 --test -D warnings -A dead_code -C opt-level=0 -o "$built/test" "$cases/$name/rust_export.rs" 2> "$built/errors" || {
        echo "DISAGREES $name as rust does not compile:" >&2
        cat "$built/errors" >&2
        exit 1
    }
    "$built/test" --quiet > "$built/output" || {
        echo "DISAGREES $name as rust:" >&2
        cat "$built/output" >&2
        exit 1
    }
    number=$((number + 1))
done < "$built/names"
echo "$number programs compile as Rust and pass their tests"
