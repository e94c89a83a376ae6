#!/usr/bin/env bash
# Exports programs, runs them in real PyTorch, optax under jit, NumPy and rustc, and compares them with the interpreter.
#
#   python/parity/run.sh            every known program and 200 random ones of each schema
#   python/parity/run.sh --sample   every known program and 10 random ones of each schema
#
# PARITY_VENV   the virtual environment, made if it is not there (default: target/parity-venv)
# PARITY_CASES  where programs and what the interpreter makes of them are written (default: target/parity-cases)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

count=200
compiled=200
if [ "${1:-}" = --sample ]; then
    count=10
    compiled=40
elif [ $# -gt 0 ]; then
    echo "error: $0 takes --sample or nothing, not $1" >&2
    exit 2
fi
venv=${PARITY_VENV:-target/parity-venv}
cases=${PARITY_CASES:-target/parity-cases}

if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --no-cache-dir --requirement python/parity/requirements.txt
    "$venv/bin/pip" install --quiet --no-cache-dir --no-deps --requirement python/parity/requirements-torch.txt
    # Without CUDA's libraries and Triton the environment has 2 GB instead of 6.
    python/parity/without-cuda.sh "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/torch/lib"
fi
"$venv/bin/python" - <<'PYTHON'
import jax, numpy, optax, platform, torch
print(f"Python {platform.python_version()}, torch {torch.__version__}, jax {jax.__version__}, optax {optax.__version__}, "
      f"numpy {numpy.__version__}")
PYTHON

rm -rf "$cases"
cargo run --quiet --locked --example export_parity -- "$cases" "$count"
export JAX_PLATFORMS=cpu
"$venv/bin/python" python/parity/parity.py "$cases"
"$venv/bin/python" python/parity/libraries.py "$cases"
python/parity/rust.sh "$cases" "$compiled"
