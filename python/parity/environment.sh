#!/usr/bin/env bash
# Makes the virtual environment that exports run in, unless it is there with just these packages: python/parity/environment.sh VENV
#
# PYTHON   what makes it (default: python3), CPython 3.11 or newer; packages come from PyPI.
set -euo pipefail
venv=$(realpath -m "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"
python=${PYTHON:-python3}

# Written last, so that an environment that was left half made is made again.
wanted=$(cat requirements.txt requirements-torch.txt without-cuda.sh | sha256sum)
stamp=$venv/parity-requirements.sha256
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

"$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' || {
    echo "error: $python is no CPython 3.11 or newer with venv and pip: install one (on Debian: apt-get install python3-venv), or name it in PYTHON" >&2
    exit 1
}
command -v cc >/dev/null && command -v nm >/dev/null || {
    echo 'error: there is no cc and nm to make stand-ins for the libraries of CUDA with: install them (on Debian: apt-get install gcc)' >&2
    exit 1
}

echo "making $venv: PyTorch, JAX and optax, 2 GB"
rm -rf "$venv"
"$python" -m venv "$venv"
install() {
    "$venv/bin/pip" install --quiet --no-cache-dir "$@"
}
# Without CUDA's libraries and Triton the environment has 2 GB instead of 6.
install --requirement requirements.txt && install --no-deps --requirement requirements-torch.txt || {
    echo "error: pip cannot install what requirements.txt and requirements-torch.txt in $PWD name; is PyPI reached?" >&2
    exit 1
}
./without-cuda.sh "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/torch/lib"
echo "$wanted" > "$stamp"
