"""The programs in README and in the user guide run and do what the text says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import sklearn
from photographs import write_photographs
from PIL import Image

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "guide.md"
# the command as it is installed, whether or not it is on the path
CODE = "import sys; from convnet.cli import main; sys.exit(main())"
COMMAND = f"""convnet() {{ "{sys.executable}" -c '{CODE}' "$@"; }}"""


@pytest.fixture
def block(tmp_path, monkeypatch):
    """A function that returns the only block of a language in the section; there are photos and photo.jpg."""
    monkeypatch.chdir(tmp_path)
    write_photographs("photos", 3, kinds=("cat", "dog"))
    Image.new("RGB", (200, 120), (210, 210, 210)).save("photo.jpg")
    text = README.read_text(encoding="utf-8")
    section = text.partition("\n## From a folder of photographs\n")[2].partition("\n## ")[0]

    def only(language):
        (found,) = re.findall(rf"^```{language}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
        return found

    return only


def test_six_lines_of_python(block):
    *before, last = block("python").splitlines()
    assert len([line for line in [*before, last] if line]) <= 6
    found = {}
    exec("\n".join(before), found)
    assert eval(last, found) in ("cat", "dog")


@pytest.mark.slow
def test_one_line_of_shell(block, tmp_path):
    (line,) = block("sh").splitlines()
    done = subprocess.run(["bash", "-c", f"{COMMAND}\n{line}"], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert (tmp_path / "pets.npz").exists()
    assert re.fullmatch(r"photo\.jpg  (cat|dog) .*%   (cat|dog) .*%", done.stdout.splitlines()[-1])


def programs(page, after="", before="\n## "):
    """The blocks of Python in a page, or in one section of it."""
    text = page.read_text(encoding="utf-8")
    if after:
        text = text.partition(f"\n## {after}\n")[2].partition(before)[0]
    return re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_the_first_fit_reaches_the_score_that_readme_names():
    (program,) = programs(README, "A first fit")
    (promised,) = map(float, re.findall(r"clf\.score\(X_test, y_test\)  # ([\d.]+)", program))
    found = {}
    exec(program, found)
    assert found["clf"].score(found["X_test"], found["y_test"]) == pytest.approx(promised, abs=0.01)
    assert promised >= 0.99


def test_the_user_guide_runs(tmp_path, monkeypatch):
    """Its programs one after the other, beginning with the variables that README's first fit leaves."""
    monkeypatch.chdir(tmp_path)
    found = {}
    exec(programs(README, "A first fit")[0], found)
    found |= {"layers": found["clf"].layers, "X": found["X_train"], "y": found["y_train"]}
    with sklearn.config_context():  # one program turns metadata routing on
        for program in programs(GUIDE):
            exec(program, found)
            if "RandomFlip" in program:  # the guide declares this net; it is used below
                found["clf"].set_params(max_iter=2, callbacks=None).fit(found["X"], found["y"])
            if "set_weights" in program:
                edges = found["net"].feature_maps(found["images"], "conv1")[0, :, :, 0]
                assert edges.tolist() == [[0, 30, 30, 0]] * 4
    assert (tmp_path / "digits.npz").exists()
