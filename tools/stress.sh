#!/usr/bin/env bash
# All that tries to break the package, and one table of what was seen.
#
#   tools/stress.sh           the quick form: some minutes
#   tools/stress.sh --long    the full numbers: under an hour
#
# Needs an environment in which this checkout is installed with its "test" extra, Cython and setuptools, and gcc. The
# long form also looks for data races, which takes clang and LLVM's OpenMP (tools/sanitize.sh says what is missing). The
# table is printed last, and written as Markdown to the file that STRESS_TABLE names.
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

# run TITLE COMMAND...: goes on after a failure, which the table and the end tell of.
run() {
    local title=$1 began=$SECONDS seen=passed
    shift
    printf '\n### %s\n' "$title"
    "$@" || { seen=FAILED && failed+=("$title"); }
    printf '{"what": "%s", "asked": "passes", "seen": "%s in %d s", "test": "%s"}\n' \
        "$title" "$seen" $((SECONDS - began)) "$*" >>"$CONVNET_FIGURES"
}

# Where pytest-xdist is there the quick form shares the cores. In the long one nothing may run beside what is timed.
workers=()
[[ $form == long ]] || ! python -c "import xdist" 2>/dev/null || workers=(-n 2 --dist loadfile)

run "the promises, one by one" pytest -q "${workers[@]}" stress
run "kernels under AddressSanitizer and UBSan, lines of C and Cython counted" tools/sanitize.sh address,undefined,coverage
run "edited states and files under both" tools/sanitize.sh address,undefined,coverage \
    pytest -q "${workers[@]}" stress/test_states.py stress/test_model_files.py
if [[ $form == long ]]; then
    run "threads under ThreadSanitizer" tools/sanitize.sh thread
fi

printf '\n### figures, %s form, %d s\n' "$form" "$SECONDS"
python tools/figures.py "$CONVNET_FIGURES" ${STRESS_TABLE:+--markdown "$STRESS_TABLE"} || failed+=("the table")
if ((${#failed[@]})); then
    printf 'FAILED: %s\n' "${failed[@]}" >&2
    exit 1
fi
