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
BOOK_PYTHON=$(cd "$1/bin" && pwd) cargo test --locked --package mlevolve --test integration -- --ignored --exact book::with_pytorch
