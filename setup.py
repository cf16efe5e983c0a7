"""Build of the native part: a static library of kernels per instruction set, and the extensions that use them."""

import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from glob import glob
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_clib import build_clib
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

HEADERS = sorted(glob("csrc/**/*.h", recursive=True) + glob("csrc/*.def"))
SOURCES = sorted(glob("csrc/**/*.c", recursive=True))
# No -ffast-math: it flushes subnormals in the whole process and blinds isfinite. Contraction is off so
# that a fused multiply-add stands where the source says so and every table rounds alike.
SAME_BITS = "-ffp-contract=off"
CFLAGS = [
    "-std=c11",
    SAME_BITS,
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fvisibility=hidden",
    "-fPIC",
    "-Werror=incompatible-pointer-types",  # stages.def names the wrong family for a kernel
]
ISA_FLAGS = {
    "scalar": ["-O2", "-fno-tree-vectorize", "-fno-tree-slp-vectorize"],
    "baseline": ["-O3"],
    "avx2": ["-O3", "-mavx2", "-mfma"],
    "avx512": [
        "-O3",
        "-mavx512f",
        "-mavx512vl",
        "-mavx512bw",
        "-mavx512dq",
        "-mavx2",
        "-mfma",
        "-mprefer-vector-width=512",
    ],
}
# Appended to the flags of every compilation and link, so that they win: see tools/sanitize.sh.
LAST_FLAGS = os.environ.get("CONVNET_CFLAGS", "").split()
X86_64 = platform.machine().lower() in ("x86_64", "amd64")
TABLES = list(ISA_FLAGS) if X86_64 else ["scalar", "baseline"]


def library(name, sources, flags):
    """Return an entry of `libraries`; with `obj_deps`, a changed header rebuilds the library."""
    return (
        name,
        {
            "sources": sources,
            "include_dirs": ["csrc"],
            "cflags": CFLAGS + flags + LAST_FLAGS,
            "obj_deps": {"": HEADERS},
        },
    )


LIBRARIES = [library(f"cn_{isa}", [f"csrc/isa/{isa}.c"], ISA_FLAGS[isa]) for isa in TABLES]
PLAIN_SOURCES = ["csrc/bands.c", "csrc/isa/dispatch.c", "csrc/tables.c"]
LIBRARIES.append(library("cn_dispatch", PLAIN_SOURCES, ["-O2"]))


# What installs a C compiler and Python's headers, by the program of the system's package manager.
INSTALLERS = {
    "apt-get": "sudo apt-get install build-essential python3-dev",
    "dnf": "sudo dnf install gcc python3-devel",
    "yum": "sudo yum install gcc python3-devel",
    "zypper": "sudo zypper install gcc python3-devel",
    "pacman": "sudo pacman -S gcc",
    "apk": "sudo apk add build-base python3-dev",
}


def compiler():
    """Return the command of the C compiler, as setuptools chooses it."""
    return shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")


def compile_error(program, *flags):
    """Compile and link a C program. Return the first error, or "" if there is none."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text(program)
        command = [*compiler(), *flags, str(source), "-o", str(source.with_suffix(""))]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        except OSError as error:
            return f"{command[0]}: {error.strerror}"
    lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it failed"]
    errors = [line for line in lines if "error" in line] or lines
    return errors[0].strip() if done.returncode else ""


def missing_tools():
    """Return one line that says which tool for building is missing and how to install it, or "" if none is."""
    if sys.platform == "win32":
        return (
            "convnet cannot be built on Windows. Use WSL, which is a Linux: "
            "https://learn.microsoft.com/windows/wsl/install"
        )
    headers, missing = sysconfig.get_path("include"), ""
    error = compile_error("#include <math.h>\nint main(void) { return 0; }\n")
    if error:
        missing = f"a C compiler that works ({error})"
    elif compile_error("#include <Python.h>\nint main(void) { return 0; }\n", f"-I{headers}"):
        missing = f"Python's header files ({headers}/Python.h cannot be compiled)"
    if not missing:
        return ""
    installer = next(filter(shutil.which, INSTALLERS), None)
    remedy = INSTALLERS.get(installer, "your system's packages of GCC and of Python's headers")
    if sys.platform == "darwin":
        remedy = "xcode-select --install"
    return f"Building convnet needs {missing}. Install with: {remedy}"


def require_tools():
    """End the build with one line if a tool is missing."""
    text = missing_tools()
    if text:
        raise SystemExit(text)


def openmp_flags():
    """Flags for OpenMP if the compiler can compile and link with it, else none."""
    if os.environ.get("CONVNET_NO_OPENMP"):
        return []
    program = "#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n"
    if not compile_error(program, "-fopenmp"):
        return ["-fopenmp"]
    if not compile_error("int main(void) { return 0; }\n"):
        print(
            "convnet: the compiler has no OpenMP; building a serial engine "
            "(convnet.show_config() says so).",
            file=sys.stderr,
        )
    return []


def processors():
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class BuildClib(build_clib):
    """build_clib that compiles one library per processor at a time."""

    def run(self):
        require_tools()
        super().run()

    def build_libraries(self, libraries):
        build = super().build_libraries
        with ThreadPoolExecutor(processors()) as pool:
            # The last tables take longest.
            builds = [pool.submit(build, [entry]) for entry in libraries[::-1]]
            try:
                for done in builds:
                    done.result()
            finally:  # after an error, start no others
                pool.shutdown(cancel_futures=True)


class BuildPy(build_py):
    """build_py that puts the headers and lists of csrc into the package, where `to_c` reads them.

    An editable install reads those of the checkout.
    """

    def run(self):
        super().run()
        if not self.editable_mode:
            for header in HEADERS:
                target = Path(self.build_lib, "convnet", header)
                self.mkpath(str(target.parent))
                self.copy_file(header, str(target))


class BuildExt(build_ext):
    """build_ext that builds the static libraries first, even when it runs alone or in place."""

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or processors()

    def run(self):
        if not self.distribution.have_run.get("build_clib"):
            self.run_command("build_clib")
        clib = self.get_finalized_command("build_clib")
        for extension in self.extensions:
            extension.library_dirs.append(clib.build_clib)
        super().run()


OPENMP = openmp_flags()


def extension(name, libraries=(), optimization="-O2"):
    """A module of the engine."""
    return Extension(
        f"convnet.engine.{name}",
        [f"convnet/engine/{name}.pyx"],
        include_dirs=["csrc"],
        libraries=[*libraries, "m"],
        extra_compile_args=[optimization, SAME_BITS, *OPENMP, *LAST_FLAGS],
        extra_link_args=[*OPENMP, *LAST_FLAGS],
        depends=HEADERS + SOURCES,  # link again after the libraries
    )


ENGINE = [
    # The dispatcher comes first: the linker drops tables that nothing has named yet.
    extension("_engine", ["cn_dispatch", *(f"cn_{isa}" for isa in TABLES)]),
    extension("_context"),
    extension("_buffer_requirements"),
    extension("_program"),
    extension("_single", optimization="-O3"),  # its loops over an image are vectorized
]
DATA = Extension(
    "convnet.data.images._resample",
    ["convnet/data/images/_resample.pyx"],
    extra_compile_args=["-O3", SAME_BITS, *LAST_FLAGS],
    extra_link_args=LAST_FLAGS,
)

setup(
    libraries=LIBRARIES,
    ext_modules=cythonize(
        [*ENGINE, DATA],
        compiler_directives={"language_level": 3, "boundscheck": False, "wraparound": False},
    ),
    cmdclass={"build_clib": BuildClib, "build_ext": BuildExt, "build_py": BuildPy},
)
