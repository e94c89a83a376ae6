#!/usr/bin/env bash
# Runs the chapters of the book that have Python in them, whole, with a virtual environment that has PyTorch.
#
#     docs/run_python.sh VENV
#
# VENV may be what python/parity/run.sh makes: target/parity-venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ $# -ne 1 ] || [ ! -x "$1/bin/python" ]; then
    echo "usage: $0 VENV, where VENV/bin/python has PyTorch; python/parity/run.sh makes one in target/parity-venv" >&2
    exit 2
fi
"$1/bin/python" -c 'import torch; print(f"torch {torch.__version__}")'
# All of the workspace, so that crates have the features that they have in other tests, and nothing is built twice.
said=$(BOOK_PYTHON=$(cd "$1/bin" && pwd) cargo test --workspace --locked --test integration -- --ignored --exact book::with_pytorch | tee >(cat >&2))
# A test that is not there is not run, and no failure to Cargo.
if ! grep -q '^test book::with_pytorch \.\.\. ok$' <<<"$said"; then
    echo 'error: there is no test book::with_pytorch' >&2
    exit 1
fi
