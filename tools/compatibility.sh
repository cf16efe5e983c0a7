#!/usr/bin/env bash
# Runs the tests with the oldest and the newest packages on each Python:
# tools/compatibility.sh [PYTHON...] [-- PYTEST ARGUMENTS]. Without names it uses every python3.11, python3.12, ... on the
# path. Each pair gets its own virtual environment in a temporary folder, with a copy of the checkout installed. A table
# comes last. Needs a C compiler and git.
set -uo pipefail
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV
export MPLBACKEND=Agg PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pythons=()
while (($#)) && [[ $1 != -- ]]; do pythons+=("$1"); shift; done
(($#)) && shift
if ((${#pythons[@]} == 0)); then
    for minor in {11..30}; do command -v "python3.$minor" >/dev/null && pythons+=("python3.$minor"); done
fi
((${#pythons[@]})) || { echo "no python3.11 or later is on the path: name one" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/convnet"
cd "$root" || exit
git -c safe.directory='*' ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [[ ! -e $file ]] || printf '%s\0' "$file"; done |
    tar --null --files-from=- -cf - | tar -xf - -C "$work/convnet"
cd "$work/convnet" || exit

versions() {
    "$1/bin/python" - <<'PYTHON'
import platform
from importlib.metadata import version
print(f"{platform.python_version():10}{version('numpy'):10}{version('scikit-learn'):14}", end="")
PYTHON
}

# run_tests PYTHON oldest|newest [PYTEST ARGUMENTS]: prints a row of the table.
run_tests() {
    local python=$1 kind=$2 venv=$work/venv
    shift 2
    rm -rf "$venv"
    "$python" -m venv "$venv" && "$venv/bin/pip" install --quiet --upgrade pip || return
    "$venv/bin/python" tools/requirements.py "$kind" >"$work/requirements.txt" &&
        "$venv/bin/pip" install --quiet --only-binary=:all: -r "$work/requirements.txt" &&
        "$venv/bin/pip" install --quiet -e . || return
    PATH="$work/venv/bin:$PATH" "$venv/bin/pytest" -q "$@" 2>&1 | tee "$work/tests.log" >&2
    local status=${PIPESTATUS[0]}
    printf '%s%s\n' "$(versions "$venv")" "$(tail -n 1 "$work/tests.log" | tr -d '=')"
    return "$status"
}

failed=0
for python in "${pythons[@]}"; do
    for kind in oldest newest; do
        printf '\n### %s, %s packages\n' "$python" "$kind" >&2
        line=$(run_tests "$python" "$kind" "$@") || failed=1
        printf '%-22s%-10s%s\n' "$(basename "$python")" "$kind" "${line:-could not be installed}" >>"$work/table"
    done
done
printf '\n%-22s%-10s%-10s%-10s%-14s%s\n' python packages version numpy scikit-learn tests
cat "$work/table"
exit "$failed"
