#!/usr/bin/env bash
# The engine under a sanitizer, or with its lines counted, in a copy of its own.
#
#     tools/sanitize.sh KIND[,KIND...] [command...]
#
# KIND is address (AddressSanitizer), undefined (UBSan), coverage (gcov), or thread (ThreadSanitizer); thread cannot be
# combined with the others. The script copies the checkout to build/sanitize-KIND and builds it there; a repeated call
# compiles only what changed. Then it runs the command in the copy: by default the kernel tests, or for thread the tests
# of threads. With coverage it prints a table of the lines of C and Cython that ran; the kernel tests have to run 95 % of
# either. The exit status is not 0 if the command fails or if any process that it started wrote a report; reports are
# printed. The command sees CONVNET_SANITIZER=KIND[,KIND...].
#
# Needs Linux, a virtual environment with the packages named below, and GCC (or the compiler that CC names). For thread
# it also needs clang with libomp and its Archer (Debian: clang and libomp-dev); without Archer each barrier looks like a
# race. The run-time library of ThreadSanitizer is GCC's, because clang's crashes when another program loads it.
set -euo pipefail

fail() {
    echo "tools/sanitize.sh: $1" >&2
    exit 2
}

[[ -n ${1-} ]] || fail "name a kind: address, undefined, coverage or thread; several are parted by commas"
[[ $(uname) == Linux ]] || fail "works on Linux only"
kinds=$1
shift
flags=(-O1 -g1 -fno-omit-frame-pointer -fno-wrapv) # Python's own flags hold -fwrapv, which hides overflow
for kind in ${kinds//,/ }; do
    case $kind in
    address | undefined | thread) flags+=("-fsanitize=$kind" -fno-sanitize-recover=all) ;;
    coverage) flags+=(--coverage) ;;
    *) fail "there is no kind $kind; name address, undefined, coverage or thread" ;;
    esac
done
[[ $kinds == thread || $kinds != *thread* ]] || fail "thread goes with no other kind"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
missing=$(python - "Cython>=3.1" "setuptools>=77" scikit-learn hypothesis pytest pytest-xdist Pillow <<'PYTHON'
import re
import sys
from importlib.metadata import PackageNotFoundError, version


def numbers(text):
    return [int(number) for number in re.findall(r"\d+", text)[:2]]


for text in sys.argv[1:]:
    name, _, least = text.partition(">=")
    try:
        lacks = numbers(version(name)) < numbers(least)
    except PackageNotFoundError:
        lacks = True
    if lacks:
        print(f'"{text}"', end=" ")
PYTHON
) || fail "python does not tell of its packages; activate a virtual environment of Python 3.11 or later"
[[ -z $missing ]] || fail "python lacks what comes next; in a virtual environment: pip install $missing"
if [[ $kinds == thread ]]; then
    export CC=${CONVNET_CLANG:-clang}
    packages="clang, gcc and libomp-dev (these are Debian's names)"
else
    export CC=${CC:-gcc}
    packages="GCC with its sanitizers"
fi
read -ra compiler <<<"$CC"
for word in "${compiler[@]}"; do # gcov-13 goes with gcc-13 and no other
    name=${word##*/}
    [[ $name == *gcc* ]] || continue
    gcov=${word%"$name"}${name/gcc/gcov}
    ! command -v "$gcov" >/dev/null || export GCOV="${GCOV:-$gcov}"
    break
done
runtimes=("${compiler[@]}")
[[ $kinds != thread ]] || runtimes=(gcc)
command -v "${compiler[0]}" >/dev/null || fail "there is no ${compiler[0]}; install $packages"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copy=$root/build/sanitize-${kinds//,/-}
reports=$copy/build/reports

preload= # run-time libraries: the interpreter has none, and they have to be loaded first
load_first() {
    local path
    path=$("${runtimes[@]}" -print-file-name="$1") || true
    if [[ -e $path && $(head -c 4 "$path") != $'\x7fELF' ]]; then # a script for the linker, which names the library
        path=$(grep -o '/[^ ()*]*\.so[^ ()*]*' "$path" | head -n 1) || true
    fi
    [[ $path == /* ]] || fail "${runtimes[*]} has no $1; install $packages"
    preload+=${preload:+:}$path
}

# A report goes to a file: what a test prints may be swallowed. UBSan's beside AddressSanitizer's goes to the standard
# error all the same, which pytest leaves alone with --capture=sys. Signals of the sanitizers stay theirs.
options=log_path=$reports/report:handle_segv=2:handle_sigbus=2:handle_sigfpe=2
settings=(
    "PYTHONPATH=$copy"
    "CONVNET_SANITIZER=$kinds"
    PYTHONMALLOC=malloc # each object apart, so that what lies around it is watched
)
launcher=(env)
if [[ $kinds == *address* ]]; then
    load_first libasan.so
    # CPython leaves much behind at its end; memory that is not to be had is an error like any other.
    settings+=("ASAN_OPTIONS=$options:detect_leaks=0:allocator_may_return_null=1:detect_stack_use_after_return=1")
fi
if [[ $kinds == *undefined* ]]; then
    load_first libubsan.so
    settings+=("UBSAN_OPTIONS=$options:print_stacktrace=1:halt_on_error=1")
fi
if [[ $kinds == *address* || $kinds == *undefined* ]]; then
    load_first libstdc++.so.6 # other modules throw, and what is thrown is looked at
fi
if [[ $kinds == thread ]]; then
    load_first libtsan.so
    echo 'int main(void) { return 0; }' >"$work/probe.c"
    "${compiler[@]}" -fopenmp -Wl,--no-as-needed "$work/probe.c" -o "$work/probe" 2>/dev/null ||
        fail "$CC has no OpenMP; install $packages"
    archer=$(dirname "$(readlink -f "$(ldd "$work/probe" | awk '/libi?omp/ { print $3 }')")")/libarcher.so
    [[ -e $archer ]] || fail "there is no $archer; install $packages"
    settings+=(
        "OMP_TOOL_LIBRARIES=$archer"
        "TSAN_OPTIONS=$options:ignore_noninstrumented_modules=1:exitcode=66:suppressions=$root/tools/thread.supp"
    )
fi
# Shadow memory has a fixed place, which nothing else may take by chance.
if setarch -R true 2>/dev/null; then
    launcher=(setarch -R env)
elif [[ $kinds == thread ]]; then
    fail "setarch -R is not allowed here (a container's seccomp profile?), and ThreadSanitizer needs it"
fi

# A copy with the times of the files, and without what the checkout has built. What was built here stays, unless it
# was built in another way.
mkdir -p "$copy"
built="$("${compiler[@]}" --version | head -n 1) ${flags[*]} $(python -c 'import sys; print(sys.prefix, sys.version)')"
if [[ ! -e $copy/.built || $(<"$copy/.built") != "$built" ]]; then
    rm -rf "$copy"
    mkdir -p "$copy"
    echo "$built" >"$copy/.built"
fi
cd "$copy"
find . -path ./build -prune -o -type f ! -name '*.so' ! -path './convnet/*.c' ! -name .built -exec rm {} +
tar -C "$root" -cf - --anchored --no-wildcards-match-slash --exclude=./build --exclude=./dist --exclude='./.[a-z]*' \
    --exclude='./convnet/*/*.c' --exclude='./convnet/*/*.so' --no-anchored --exclude=__pycache__ . | tar -xf -

log=$copy/build/build.log
mkdir -p build
CONVNET_CFLAGS="${flags[*]}" python setup.py -q build_ext --inplace >"$log" 2>&1 || {
    cat "$log" >&2
    fail "the build failed"
}
for kind in ${kinds//,/ }; do
    case $kind in address) mark=__asan_ ;; undefined) mark=__ubsan_ ;; thread) mark=__tsan_ ;; coverage) mark=gcov ;; esac
    while IFS= read -r module; do
        grep -q "$mark" "$module" || fail "$module was built without -fsanitize=$kind"
    done < <(find . -path ./build -prune -o -name '*.so' -print)
done

rm -rf "$reports"
mkdir -p "$reports"
find build -name '*.gcda' -delete
status=0
run() { "${launcher[@]}" "${settings[@]}" "LD_PRELOAD=$preload" "$@"; }
if [[ $# -gt 0 ]]; then
    run "$@" || status=$?
    [[ $kinds != coverage ]] || python tools/native_lines.py build 0
else # two halves at once
    if [[ $kinds == thread ]]; then
        first=(tests/engine/test_concurrency.py)
        second=(tests/graph/test_determinism.py)
    else # not those that only try much of the same, or little of the engine
        first=(tests/engine/test_*_kernels.py)
        second=(tests/graph/test_{augmentation,frozen,gradient,guards,mixing,residual,stochastic_depth,trainer,weights,whole_nets,wrong_sizes}.py
            tests/engine/test_{calls,kernel_table,lanes,probabilities,program,single,threads}.py tests/data/images/test_pixels.py)
    fi
    export CONVNET_TEST_EXAMPLES=${CONVNET_TEST_EXAMPLES:-2}
    run pytest -q -n 0 -m "slow or not slow" -p no:cacheprovider --capture=sys "${first[@]}" >build/first.log 2>&1 &
    run pytest -q -n 0 -m "slow or not slow" -p no:cacheprovider --capture=sys "${second[@]}" || status=1
    wait $! || status=1
    cat build/first.log
    [[ $kinds != *coverage* ]] || python tools/native_lines.py build 95 || status=1
fi
for report in "$reports"/report*; do
    # Memory that is not to be had is an error like any other: a MemoryError, which a test may ask for.
    [[ -e $report ]] && grep -qv "WARNING: AddressSanitizer failed to allocate" "$report" || continue
    printf '\n### %s\n' "${report##*/}"
    cat "$report"
    ((status)) || status=1
done
exit "$status"
