"""The name of the distribution, the commands that install extras, and a build without its tools."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from convnet import _extras

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PAGES = [
    *sorted((ROOT / "convnet").rglob("*.py")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").glob("*.py")),
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
]


def installed_in(monkeypatch, folder):
    """Have the package look as if it were imported from `folder`."""
    monkeypatch.setattr(_extras, "__file__", str(folder / "convnet" / "_extras.py"))


def test_the_name_is_that_of_the_project():
    assert PROJECT["name"] == _extras.DISTRIBUTION == "scikit-convnet"
    assert set(PROJECT["urls"]) >= {"Homepage", "Source", "Issues", "Changelog"}
    for url in PROJECT["urls"].values():
        assert url.startswith("https://github.com/scikit-convnet/scikit-convnet")


def test_metadata_names_platforms_and_pythons():
    classifiers = "\n".join(PROJECT["classifiers"])
    for line in ("Operating System :: POSIX :: Linux", "Operating System :: MacOS"):
        assert line in classifiers
    assert "Programming Language :: Python :: 3.11" in classifiers
    assert PROJECT["license"] == "BSD-3-Clause" and "License ::" not in classifiers


def test_an_installed_package_names_the_distribution(monkeypatch, tmp_path):
    installed_in(monkeypatch, tmp_path / "site-packages")
    assert _extras.install_command("plot") == 'pip install "scikit-convnet[plot]"'
    assert _extras.install_command() == 'pip install "scikit-convnet"'
    message = _extras.missing_extra("HistoryDisplay", "matplotlib", "plot")
    assert message == (
        'HistoryDisplay needs matplotlib. Install it with: pip install "scikit-convnet[plot]"'
    )


def test_a_checkout_stays_editable(monkeypatch, tmp_path):
    """A plain install would put a copy in place of the checkout."""
    for name in ("pyproject.toml", "setup.py"):
        (tmp_path / name).touch()
    installed_in(monkeypatch, tmp_path)
    assert _extras.install_command("plot") == f'pip install -e "{tmp_path.resolve()}[plot]"'


def test_other_libraries():
    assert _extras.install_library("pillow-heif") == "pip install pillow-heif"
    assert _extras.install_library("pillow", "11.3") == 'pip install -U "pillow>=11.3"'


def test_no_other_distribution_is_named():
    """`convnet` is another project on PyPI, and a plain install of "." replaces an editable one."""
    for path in PAGES:
        for target in re.findall(
            r'pip install (?!-e)"?([^"`\s]+)', path.read_text(encoding="utf-8")
        ):
            assert not re.match(r"convnet\b|\.(\[|$)", target), f"{path}: {target}"


def test_messages_about_extras_are_written_in_one_place():
    for path in sorted((ROOT / "convnet").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        code = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
        if path.name not in ("_extras.py", "__init__.py"):
            assert "pip install" not in code, path


@pytest.fixture
def setup_script(monkeypatch):
    """The names of setup.py, run without Cython and setuptools, which are installed only while pip builds."""
    fakes = {name: ModuleType(name) for name in ("Cython", "Cython.Build", "setuptools")}
    commands = {
        f"setuptools.command.{name}": name for name in ("build_clib", "build_ext", "build_py")
    }
    for name in ("setuptools.command", *commands):
        fakes[name] = ModuleType(name)
    fakes["Cython.Build"].cythonize = lambda modules, **options: modules
    fakes["setuptools"].Extension = lambda *args, **options: args
    fakes["setuptools"].setup = lambda **options: None
    for module, name in commands.items():
        setattr(fakes[module], name, type(name, (), {}))
    for name, module in fakes.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("CONVNET_NO_OPENMP", "1")

    def run(CC=None):
        if CC is not None:
            monkeypatch.setenv("CC", CC)
        return runpy.run_path(str(ROOT / "setup.py"))

    return run


def program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_build_without_a_compiler_says_what_to_install(setup_script, monkeypatch, tmp_path):
    program(tmp_path / "apt-get", "")
    script = setup_script(CC="a-compiler-that-is-missing")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as stopped:
        script["BuildClib"]().run()
    assert stopped.value.code == (
        "Building convnet needs a C compiler that works (a-compiler-that-is-missing: No such file or directory). "
        "Install with: sudo apt-get install build-essential python3-dev"
    )


@pytest.mark.parametrize(
    "platform, program_name, remedy",
    [
        ("darwin", "brew", "xcode-select --install"),
        ("linux", "dnf", "sudo dnf install gcc python3-devel"),
        ("linux", "apk", "sudo apk add build-base python3-dev"),
        ("linux", "other", "your system's packages of GCC and of Python's headers"),
    ],
)
def test_the_remedy_suits_the_system(
    setup_script, monkeypatch, tmp_path, platform, program_name, remedy
):
    script = setup_script(CC=program(tmp_path / "cc", "echo 'xcrun: error: no tools' >&2; exit 1"))
    program(tmp_path / program_name, "")
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("PATH", str(tmp_path))
    text = script["missing_tools"]()
    assert text.endswith(f"Install with: {remedy}") and "\n" not in text
    assert "needs a C compiler that works (xcrun: error: no tools)" in text


def test_a_build_without_the_headers_of_python(setup_script, tmp_path):
    """The compiler works, but only without ``-I``."""
    fake = 'for argument; do case $argument in -I*) echo "error: Python.h" >&2; exit 1;; esac; done'
    text = setup_script(CC=program(tmp_path / "cc", fake))["missing_tools"]()
    assert "needs Python's header files (" in text and "Python.h cannot be compiled)" in text


def test_a_build_on_windows_names_wsl(setup_script, monkeypatch):
    script = setup_script()
    monkeypatch.setattr(sys, "platform", "win32")
    assert script["missing_tools"]().startswith("convnet cannot be built on Windows. Use WSL")


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_a_build_with_its_tools_goes_on(setup_script):
    script = setup_script(CC="cc")
    assert script["compile_error"]("int main(void) { return 0; }\n") == ""
    assert script["compile_error"]("int main(void) { return x; }\n").count("error") >= 1


@pytest.mark.slow
def test_python_without_matplotlib_is_told_the_command():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from convnet.inspection.displays.canvas import pyplot\npyplot('HistoryDisplay.plot')"
    )
    environment = os.environ | {"PYTHONWARNINGS": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=300
    )
    last = done.stderr.splitlines()[-1]
    assert (
        last == f"ImportError: {_extras.missing_extra('HistoryDisplay.plot', 'matplotlib', 'plot')}"
    )
