#!/usr/bin/env bash
# Exports programs, runs them in real PyTorch, optax under jit, NumPy and rustc, compares them with the interpreter, and sets them in LaTeX.
#
#   python/parity/run.sh            every known program and 200 random ones of each schema
#   python/parity/run.sh --sample   every known program and 10 random ones of each schema
#
# PARITY_VENV   the virtual environment, made if it is not there (default: target/parity-venv)
# PARITY_CASES  where programs and what the interpreter makes of them are written (default: target/parity-cases)
# EXPORT_PARITY the example of that name, instead of one that is built
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

count=200
if [ "${1:-}" = --sample ]; then
    count=10
elif [ $# -gt 0 ]; then
    echo "error: $0 takes --sample or nothing, not $1" >&2
    exit 2
fi
venv=${PARITY_VENV:-target/parity-venv}
cases=${PARITY_CASES:-target/parity-cases}

python/parity/environment.sh "$venv"
"$venv/bin/python" - <<'PYTHON'
import jax, numpy, optax, platform, torch
print(f"Python {platform.python_version()}, torch {torch.__version__}, jax {jax.__version__}, optax {optax.__version__}, "
      f"numpy {numpy.__version__}")
PYTHON

rm -rf "$cases"
if [ -z "${EXPORT_PARITY:-}" ]; then
    cargo build --quiet --locked --example export_parity
    EXPORT_PARITY=${CARGO_TARGET_DIR:-target}/debug/examples/export_parity
fi
"$EXPORT_PARITY" "$cases" "$count"
export JAX_PLATFORMS=cpu
"$venv/bin/python" python/parity/parity.py "$cases"
"$venv/bin/python" python/parity/libraries.py "$cases"
"$venv/bin/python" python/parity/conventions.py "$cases"
python/parity/rust.sh "$cases"
python/parity/latex.sh "$cases"
