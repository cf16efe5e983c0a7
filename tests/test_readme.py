"""What README says of a folder of photographs, on a small one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from photographs import write_photographs
from PIL import Image

README = Path(__file__).parents[1] / "README.md"
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


def test_one_line_of_shell(block, tmp_path):
    (line,) = block("sh").splitlines()
    done = subprocess.run(["bash", "-c", f"{COMMAND}\n{line}"], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert (tmp_path / "pets.npz").exists()
    assert re.fullmatch(r"photo\.jpg  (cat|dog) .*%   (cat|dog) .*%", done.stdout.splitlines()[-1])
