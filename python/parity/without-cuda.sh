#!/usr/bin/env bash
# Lets PyPI's PyTorch for Linux, which is built for CUDA, be imported without CUDA's libraries, to compute on the CPU:
#
#   python/parity/without-cuda.sh SITE_PACKAGES/torch/lib
#
# Those libraries and Triton take 4 GB. What PyTorch's own libraries want of them is a list of symbols, so libraries of
# those names are made in which each is a function that does nothing and gives 0. On loading, PyTorch registers its
# kernels by them; nothing that computes on a CPU calls one.
set -euo pipefail
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# `name@version`; CUDA's libraries have themselves as the version of their symbols, but for NVSHMEM, and NCCL and others
# have none.
nm -D --undefined-only ./*.so 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u \
    | grep -E '^(cu|__cuda|nv|nccl|Nv)' > "$work/symbols"
readelf -d ./*.so 2>/dev/null | sed -n 's/.*NEEDED.*\[\(lib\(cu\|nv\|nccl\).*\)\]/\1/p' | sort -u > "$work/libraries"

while read -r library; do
    [ ! -e "$library" ] || continue
    case $library in
    libnvshmem*) version=NVSHMEM ;;
    libnccl*) version= ;;
    *) version=$library ;;
    esac
    {
        echo '.text'
        awk -F@ -v version="$version" '$2 == version { print $1 }' "$work/symbols" | while read -r symbol; do
            printf '.globl %s\n.type %s, @function\n%s:\n' "$symbol" "$symbol" "$symbol"
        done
        printf 'xorl %%eax, %%eax\nret\n.section .note.GNU-stack,"",@progbits\n'
    } > "$work/stub.s"
    options=()
    if [ -n "$version" ]; then
        printf '%s { global: *; };\n' "$version" > "$work/version"
        options=("-Wl,--version-script,$work/version")
    fi
    cc -shared -nostdlib "${options[@]}" -o "$library" "-Wl,-soname,$library" "$work/stub.s"
done < "$work/libraries"
echo "without CUDA: $(wc -l < "$work/symbols") symbols of $(wc -l < "$work/libraries") libraries"
