#!/usr/bin/env bash
# Runs everything that tries to break the package, and prints one table of figures.
#
#   tools/stress.sh           the quick form: some minutes
#   tools/stress.sh --long    the full numbers, on an idle machine: under an hour
#
# Needs gcc and an environment with Cython, setuptools, and this checkout installed with its "test" extra. The
# long form also looks for data races, for which it needs clang and LLVM's OpenMP (tools/sanitize.sh names what is
# missing). The table comes last. STRESS_TABLE names a file to which it is also written, as Markdown.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

case "${1-}" in
"") form=quick ;;
--long) form=long ;;
*) echo "usage: tools/stress.sh [--long]" >&2 && exit 2 ;;
esac
export CONVNET_STRESS=$form CONVNET_FIGURES MPLBACKEND=Agg
CONVNET_FIGURES=$(mktemp) || exit
trap 'rm -f "$CONVNET_FIGURES"' EXIT
failed=()

# run TITLE COMMAND...: continues after a failure, which the table and the last lines report.
run() {
    local title=$1 began=$SECONDS seen=passed
    shift
    printf '\n### %s\n' "$title"
    "$@" || { seen=FAILED && failed+=("$title"); }
    printf '{"what": "%s", "asked": "passes", "seen": "%s in %d s", "test": "%s"}\n' \
        "$title" "$seen" $((SECONDS - began)) "$*" >>"$CONVNET_FIGURES"
}

# The long form measures time, so nothing may run beside its tests.
workers=()
[[ $form == quick ]] || workers=(-n 0)

run "the promises, one by one" pytest -q "${workers[@]}" stress
run "kernels under AddressSanitizer and UBSan, lines of C and Cython counted" tools/sanitize.sh address,undefined,coverage
run "edited states and files under both" tools/sanitize.sh address,undefined,coverage \
    pytest -q "${workers[@]}" stress/test_states.py stress/test_model_files.py stress/test_weight_files.py
if [[ $form == long ]]; then
    run "threads under ThreadSanitizer" tools/sanitize.sh thread
fi

printf '\n### figures, %s form, %d s\n' "$form" "$SECONDS"
python tools/figures.py "$CONVNET_FIGURES" ${STRESS_TABLE:+--markdown "$STRESS_TABLE"} || failed+=("the table")
if ((${#failed[@]})); then
    printf 'FAILED: %s\n' "${failed[@]}" >&2
    exit 1
fi
