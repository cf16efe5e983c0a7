"""A package that is built as convnet is, with one module of bugs."""

import os

from Cython.Build import cythonize
from setuptools import Extension, setup

FLAGS = ["-fopenmp", *os.environ.get("CONVNET_CFLAGS", "").split()]
BUGS = Extension(
    "planted", ["planted.pyx"], extra_compile_args=FLAGS, extra_link_args=FLAGS, depends=["bugs.h"]
)

setup(py_modules=[], ext_modules=cythonize([BUGS], compiler_directives={"language_level": 3}))
