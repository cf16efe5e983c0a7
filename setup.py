"""Build of the native part: a static library of kernels per instruction set, and the extensions that use them."""

import os
import platform
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from glob import glob
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_clib import build_clib
from setuptools.command.build_ext import build_ext

HEADERS = sorted(glob("csrc/**/*.h", recursive=True) + glob("csrc/*.def"))
SOURCES = sorted(glob("csrc/**/*.c", recursive=True))
# No -ffast-math: it flushes subnormals in the whole process and blinds isfinite. Contraction is off so
# that a fused multiply-add stands where the source says so and every table rounds alike.
CFLAGS = [
    "-std=c11",
    "-ffp-contract=off",
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
LIBRARIES.append(library("cn_dispatch", ["csrc/isa/dispatch.c", "csrc/tables.c"], ["-O2"]))


def openmp_flags():
    """Flags for OpenMP if the compiler can compile and link with it, else none."""
    if os.environ.get("CONVNET_NO_OPENMP"):
        return []
    compiler = os.environ.get("CC", "cc").split()
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder, "probe.c")
        probe.write_text("#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n")
        try:
            command = [*compiler, "-fopenmp", str(probe), "-o", str(probe.with_suffix(""))]
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            print(
                "convnet: the compiler has no OpenMP; building a serial engine "
                "(convnet.show_config() says so).",
                file=sys.stderr,
            )
            return []
    return ["-fopenmp"]


def processors():
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class BuildClib(build_clib):
    """build_clib that compiles one library per processor at a time."""

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


def extension(name, libraries=()):
    """A module of the engine."""
    return Extension(
        f"convnet.engine.{name}",
        [f"convnet/engine/{name}.pyx"],
        include_dirs=["csrc"],
        libraries=[*libraries, "m"],
        extra_compile_args=["-O2", *OPENMP, *LAST_FLAGS],
        extra_link_args=[*OPENMP, *LAST_FLAGS],
        depends=HEADERS + SOURCES,  # link again after the libraries
    )


ENGINE = [
    # The dispatcher comes first: the linker drops tables that nothing has named yet.
    extension("_engine", ["cn_dispatch", *(f"cn_{isa}" for isa in TABLES)]),
    extension("_context"),
    extension("_buffer_requirements"),
    extension("_program"),
]
DATA = Extension(
    "convnet.data.images._resample",
    ["convnet/data/images/_resample.pyx"],
    # the same bits on every machine
    extra_compile_args=["-O3", "-ffp-contract=off", *LAST_FLAGS],
    extra_link_args=LAST_FLAGS,
)

setup(
    libraries=LIBRARIES,
    ext_modules=cythonize(
        [*ENGINE, DATA],
        compiler_directives={"language_level": 3, "boundscheck": False, "wraparound": False},
    ),
    cmdclass={"build_clib": BuildClib, "build_ext": BuildExt},
)
