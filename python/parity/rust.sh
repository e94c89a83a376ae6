#!/usr/bin/env bash
# Compiles all exports to Rust, as modules of one crate, without a warning, and runs the test in each: python/parity/rust.sh CASES
set -euo pipefail
cases=$(realpath "$1")
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT

for source in "$cases"/*/rust_export.rs; do
    printf '#[path = "%s"]\nmod %s;\n' "$source" "$(basename "$(dirname "$source")")"
done > "$built/main.rs"
number=$(grep -c '^mod ' "$built/main.rs") || {
    echo "error: there are no exports to Rust in $cases" >&2
    exit 1
}
rustc --edition 2024 --test -D warnings -A dead_code -C opt-level=0 -o "$built/test" "$built/main.rs" 2> "$built/errors" || {
    echo 'DISAGREES an export to Rust does not compile:' >&2
    head -n 60 "$built/errors" >&2
    exit 1
}
"$built/test" --quiet > "$built/output" || {
    echo 'DISAGREES an export to Rust fails its test:' >&2
    cat "$built/output" >&2
    exit 1
}
tests=$("$built/test" --list --format terse | grep -c ': test$')
echo "$number programs compile as Rust; $tests have a test, since what they compute does not hang on roundings, and pass it"
