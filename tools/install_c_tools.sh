#!/usr/bin/env bash
# Installs the programs that compile and run exported C code in tests/model_io/c_source, if some are missing: GCC and
# Clang, Valgrind, and cross compilers and emulators for ARM.
#
#     tools/install_c_tools.sh            installs with apt-get, as root or with sudo
#     tools/install_c_tools.sh --check    exits with 1 and says what is missing
set -euo pipefail

declare -A package_of=(
    [gcc]=gcc [clang]=clang [make]=make [nm]=binutils [size]=binutils [valgrind]=valgrind
    [aarch64-linux-gnu-gcc]=gcc-aarch64-linux-gnu [arm-linux-gnueabihf-gcc]=gcc-arm-linux-gnueabihf
    [qemu-aarch64-static]=qemu-user-static [qemu-arm-static]=qemu-user-static
)

missing() {
    local program
    for program in "${!package_of[@]}"; do
        command -v "$program" >/dev/null || echo "$program"
    done | sort
}

fail() {
    echo "install_c_tools.sh: $1 Missing: $(missing | paste -sd ' ')" >&2
    exit 1
}

[[ -n $(missing) ]] || exit 0
[[ ${1-} != --check ]] || fail "the tests of exported C code need these programs."
mapfile -t packages < <(missing | while read -r program; do echo "${package_of[$program]}"; done | sort -u)
command -v apt-get >/dev/null || fail "there is no apt-get. Install these programs with your package manager."
as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "apt-get needs root. As root, run: apt-get install ${packages[*]}."
    as_root=(sudo -n)
fi
export DEBIAN_FRONTEND=noninteractive
if ! "${as_root[@]}" apt-get update -q >/dev/null || ! "${as_root[@]}" apt-get install -q -y "${packages[@]}" >/dev/null; then
    fail "apt-get could not install ${packages[*]}."
fi
[[ -z $(missing) ]] || fail "apt-get installed ${packages[*]}, and yet some programs are not there."
