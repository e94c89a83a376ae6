#!/usr/bin/env bash
# The page that a run ends with, in headless Chromium: of a small search for an optimizer, of one for a learner, and of a batch.
#
#     tests/browser/run.sh [SCREENSHOTS]
#
# Needs Node.js, npm, and Chromium (on Debian: `apt-get install chromium`; CHROMIUM names another). MLEVOLVE names a binary to test, instead
# of one that is built. With MILLION=1, also a page of a made-up run of a million candidates, and how soon that is drawn.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
screenshots=${1:-$here/screenshots}

export CHROMIUM=${CHROMIUM:-$(command -v chromium || true)}
if [ ! -x "$CHROMIUM" ] || ! command -v npm >/dev/null; then
    echo 'error: there is no Chromium, or no npm: install them (on Debian: apt-get install chromium nodejs npm), or name Chromium in CHROMIUM' >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -z "${MLEVOLVE:-}" ]; then
    cargo build --manifest-path "$root/Cargo.toml" --locked
    MLEVOLVE=${CARGO_TARGET_DIR:-$root/target}/debug/mlevolve
fi
(cd "$here" && npm ci --no-audit --no-fund --loglevel=error)

"$MLEVOLVE" evolve --config "$here/optimizer.toml" --out "$work/optimizer" >"$work/report.txt"
"$MLEVOLVE" evolve --config "$here/learner.toml" --out "$work/learner" >"$work/report.txt"
for search in optimizer learner; do
    "$MLEVOLVE" explain --run "$work/$search" --seeds 3 >"$work/report.txt"
    "$MLEVOLVE" report "$work/$search" >"$work/report.txt"
    echo "== the page of $search.toml"
    cp "$work/$search/report.html" "$work/$search.html"
    node "$here/page.mjs" "$work/$search.html" "$screenshots"
done

"$MLEVOLVE" evolve --config "$here/optimizer.toml" --seeds 4..6 --generations 4 --out "$work/batch" >"$work/report.txt"
echo '== the page of a batch'
mv "$work/batch/report.html" "$work/batch/batch.html"
node "$here/batch.mjs" "$work/batch/batch.html" "$screenshots"

if [ -n "${MILLION:-}" ]; then
    echo '== the page of a million candidates'
    node "$here/million.mjs" "$work/optimizer"
    start=$(date +%s%N)
    "$MLEVOLVE" report "$work/optimizer" --output "$work/million.html" >"$work/report.txt"
    echo "  made in $((($(date +%s%N) - start) / 1000000)) ms"
    node "$here/page.mjs" "$work/million.html" "$screenshots"
fi
