#!/usr/bin/env bash
# Builds every fuzz target and runs each for some seconds, on a stable compiler and without a
# sanitizer: there is no `unsafe` outside the compiler's one module, and Rust's own checks are on.
#
#   fuzz/smoke.sh [SECONDS] [TARGET...]     10 seconds of every target, unless told otherwise
#
# What a target finds stays in fuzz/artifacts/TARGET; to see it again:
#   cargo fuzz run --sanitizer none TARGET fuzz/artifacts/TARGET/FILE
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-10}
if ! [[ $seconds =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: fuzz/smoke.sh [SECONDS] [TARGET...]" >&2
    exit 2
fi

if ! cargo fuzz --version >/dev/null 2>&1; then
    cargo install cargo-fuzz --locked
fi
# A lockfile that is out of date fails here, instead of being mended in silence.
cargo fetch --locked --manifest-path fuzz/Cargo.toml --target "$(rustc --print host-tuple)"

# `cargo fuzz list` would give no target at all as success, which a pipe into mapfile cannot tell.
list=$(cargo fuzz list)
targets=("${@:2}")
if ((${#targets[@]} == 0)); then
    mapfile -t targets <<<"$list"
fi
if [[ -z ${targets[0]} ]]; then
    echo "there are no fuzz targets" >&2
    exit 1
fi

cargo fuzz build --sanitizer none

failed=()
for target in "${targets[@]}"; do
    # The first directory is where the fuzzer keeps what it learns; seeds are only read.
    directories=("fuzz/corpus/$target")
    mkdir -p "${directories[0]}"
    if [[ -d fuzz/seeds/$target ]]; then
        directories+=("fuzz/seeds/$target")
    fi
    echo "== $target, $seconds s"
    if ! cargo fuzz run --sanitizer none "$target" "${directories[@]}" -- \
        -max_total_time="$seconds" -timeout=20 -print_funcs=0 -verbosity=0 -print_final_stats=1; then
        failed+=("$target")
    fi
done

if ((${#failed[@]} > 0)); then
    echo "failed: ${failed[*]}" >&2
    exit 1
fi
echo "all targets passed: ${targets[*]}"
