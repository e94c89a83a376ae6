#!/usr/bin/env bash
# Sets the exports to LaTeX, all of them in one document: python/parity/latex.sh CASES
#
# Needs pdflatex with algorithmicx (on Debian: apt-get install texlive-latex-base texlive-science).
set -euo pipefail
cases=$(realpath "$1")
if ! command -v pdflatex >/dev/null; then
    echo 'error: there is no pdflatex to set exports to LaTeX with: install it with algorithmicx (on Debian: apt-get install texlive-latex-base texlive-science)' >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

{
    printf '%s\n' '\documentclass{article}' '\usepackage{algorithm, algpseudocode, amsmath}' '\begin{document}'
    for source in "$cases"/*/latex_export.tex; do
        printf '\\input{%s}\n\\clearpage\n' "$source"
    done
    echo '\end{document}'
} > "$work/all.tex"
number=$(grep -c '^\\input' "$work/all.tex") || {
    echo "error: there are no exports to LaTeX in $cases" >&2
    exit 1
}
(cd "$work" && pdflatex -interaction=batchmode -halt-on-error -file-line-error all.tex >/dev/null) || {
    echo 'DISAGREES an export is no LaTeX:' >&2
    grep -A 3 -E ':[0-9]+: |^!' "$work/all.log" >&2 || tail -n 20 "$work/all.log" >&2
    exit 1
}
echo "$number programs are set by $(pdflatex --version | head -n 1)"
