#!/usr/bin/env bash
# Checks the C code of csrc/: its format (.clang-format), clang-tidy (.clang-tidy), and that each header and each kernel
# body compiles alone, so that it includes what it uses.
#
#     tools/lint_c.sh          exits with 1 if something is wrong
#     tools/lint_c.sh --fix    formats the files first
#
# Needs clang-format and clang-tidy (pip install clang-format clang-tidy) and a C compiler, `cc` or what CC names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

flags=(-std=c11 -Icsrc -Wall -Wextra)
mapfile -t files < <(find csrc -name '*.[ch]' | sort)
status=0

[[ ${1-} != --fix ]] || clang-format -i "${files[@]}"
clang-format --dry-run --Werror "${files[@]}" || status=1

tables=(scalar baseline)
[[ $(uname -m) != x86_64 ]] || tables+=(avx2 avx512)
for table in "${tables[@]}"; do
    case $table in
    avx2) isa=(-mavx2 -mfma) ;;
    avx512) isa=(-mavx512f -mavx512vl -mavx512bw -mavx512dq -mavx2 -mfma) ;;
    *) isa=() ;;
    esac
    clang-tidy --quiet "csrc/isa/$table.c" -- "${flags[@]}" "${isa[@]}" || status=1
done
clang-tidy --quiet csrc/isa/dispatch.c csrc/tables.c -- "${flags[@]}" || status=1

for file in "${files[@]}"; do
    # Templates have no guard: they are included for a width. A file on its own may have unused functions.
    grep -q '^#ifndef CN_[A-Z0-9_]*_H$' "$file" || continue
    printf '#define CN_ISA baseline\n#include "%s"\n' "${file#csrc/}" |
        "${CC:-cc}" "${flags[@]}" -Wno-unused-function -fsyntax-only -x c - || {
        echo "$file: does not compile alone"
        status=1
    }
done
exit "$status"
