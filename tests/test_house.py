"""Rules of the house that a machine can check, and what README and the metadata promise."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import convnet

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    p for p in (ROOT / "convnet").rglob("*.py*") if p.suffix in (".py", ".pyx", ".pxd")
)


def test_specs_can_be_used_without_the_kernels():
    for path in (p for p in SOURCES if p.parent.name in ("values", "layers")):
        assert "numpy" not in re.findall(
            r"^import (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE
        )


def test_no_two_classes_share_a_name():
    """A leading underscore makes no difference. A .pyx and its .pyi are one module."""
    modules = {}
    for path in sorted((ROOT / "convnet").rglob("*.py*")):
        if path.suffix in (".py", ".pyx", ".pyi"):
            for name in re.findall(
                r"^(?:cdef )?class _*(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE
            ):
                modules.setdefault(name, set()).add(path.with_suffix("").as_posix())
    assert {name: places for name, places in modules.items() if len(places) > 1} == {}


def test_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert convnet.__version__ == importlib.metadata.version("scikit-convnet") == project["version"]
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_extra_that_is_named_exists():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [*SOURCES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    for path in texts:
        for extra in re.findall(
            r'"(?:scikit-convnet|\.)\[(\w+)\]"', path.read_text(encoding="utf-8")
        ):
            assert extra in project["optional-dependencies"], f"{path}: {extra}"


def test_no_extra_without_a_use():
    """Each is named by the message that says what brings the missing module; "test" is for us."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    examples = (ROOT / "examples").glob("*.py")
    texts = "".join(path.read_text(encoding="utf-8") for path in [*SOURCES, *examples])
    for extra in project["optional-dependencies"].keys() - {"test"}:
        assert f'"{extra}")' in texts or f"scikit-convnet[{extra}]" in texts, extra


def test_readme_begins_with_its_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first, second = re.findall(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)[:2]
    assert first.count("\n") == second.count("\n") == 1
    assert first.rstrip().endswith("convnet train digits")
    assert second.rstrip().endswith("pytest")


def test_every_requirement_names_its_oldest_version():
    """`tools/requirements.py` reads it there, and `.ci/run` tries it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for line in sum(project["optional-dependencies"].values(), project["dependencies"]):
        assert re.fullmatch(r"[\w-]+>=[\d.]+", line), line


def test_what_builds_has_the_same_version_everywhere():
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    for path in (".ci/run", "tools/sanitize.sh", "docs/reliability.md"):
        text = (ROOT / path).read_text(encoding="utf-8")
        named = set(re.findall(r"(?:Cython|setuptools)>=[\d.]+", text))
        assert named == set(requires["requires"]), path


def test_pythons_are_named_from_the_oldest_on():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    minors = re.findall(r":: 3\.(\d+)$", "\n".join(project["classifiers"]), re.MULTILINE)
    first = int(project["requires-python"].removeprefix(">=3."))
    assert list(map(int, minors)) == list(range(first, first + len(minors))) and minors


def test_the_linters_of_ci_run_before_a_commit():
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8")
    step = re.search(r'^step "linters"\n(?:pip .*\n)*((?:\S.*\n)+)', ci, re.MULTILINE)
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    commands = [
        re.match(r"[a-z][\w./ -]*?(?= [.-]| convnet|$)", line)[0] for line in step[1].splitlines()
    ]
    assert len(commands) >= 3
    for command in commands:
        assert f"entry: {command}" in hooks, command
