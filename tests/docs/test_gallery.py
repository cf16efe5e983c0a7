"""The gallery is up to date with examples/plot_*.py; parsing, running and writing of its pages."""

import re
from pathlib import Path

import gallery
import pytest
from pages import page, without_results
from program import ORDER, programs, read
from running import run

ROOT = Path(__file__).parents[2]
LARGEST = 2 * 2**20  # bytes of the folder
PROGRAM = '''"""
A title
=======

Some text.
"""

import matplotlib.pyplot as plt

# a comment in code
# %%
# Drawn
# -----
# Text of two
# lines.

figure, (left, right) = plt.subplots(1, 2)
left.set_title("left [1]")
print("one\\n\\ntwo")
plt.figure().suptitle("another")

# %%
print("no text above")
'''


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "plot_small.py"
    path.write_text(PROGRAM)
    return read(path)


def test_the_gallery_is_up_to_date():
    assert gallery.check(programs()) == []


def test_it_is_small_and_complete():
    names = [path.stem.removeprefix("plot_") for path in (ROOT / "examples").glob("plot_*.py")]
    assert sorted(names) == sorted(ORDER)
    files = [path for path in gallery.FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LARGEST
    assert all(
        re.search(r"^!\[.+\]", (gallery.FOLDER / f"{n}.md").read_text(), re.M) for n in names
    )


def test_links_lead_somewhere():
    pages = [*gallery.FOLDER.glob("*.md"), ROOT / "README.md", ROOT / "docs" / "inspection.md"]
    for path in pages:
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
        for link in re.findall(r'\]\(([^)#:]+)[^):]*\)|(?:src|href)="([^":]+)"', text):
            assert (path.parent / "".join(link)).exists(), f"{path.name}: {''.join(link)}"


def test_blocks(program):
    assert (program.name, program.title) == ("small", "A title")
    lines = PROGRAM.splitlines()
    text, imports, heading, drawing, printing = program.blocks
    assert text == ("Some text.", 0) and heading == ("Drawn\n-----\nText of two\nlines.", 0)
    for block in (imports, drawing, printing):
        assert lines[block.line - 1] == block.content.splitlines()[0]
    assert imports.content.endswith("# a comment in code")
    assert drawing.content.endswith('suptitle("another")')


def test_results_and_pages(program):
    results = run(program)
    assert [result.printed for result in results] == ["", "", "", "one\n\ntwo", "no text above"]
    assert [[d for d, _ in result.pictures] for result in results[2:]] == [
        [],
        ["left [1]", "another"],
        [],
    ]
    text, pictures = page(program, results)
    assert list(pictures) == ["images/small_1.png", "images/small_2.png"]
    assert all(png.startswith(b"\x89PNG") for png in pictures.values())
    assert "# A title\n" in text and "```text\none\n\ntwo\n```\n" in text
    assert "![left (1)](images/small_1.png)\n" in text
    assert text.index("small_2.png") < text.index("no text above")
    assert without_results(text) == page(program)[0]


def test_outdated_files_are_named(program, tmp_path):
    folder = tmp_path / "gallery"
    gallery.write([program], ["small"], folder)
    assert gallery.check([program], folder) == []
    (folder / "images" / "old.png").write_bytes(b"")
    (folder / "images" / "small_2.png").unlink()
    (folder / "README.md").write_text("mine")
    path = folder / "small.md"
    path.write_text(path.read_text().replace("Text of two", "Text of too"))
    assert [line.partition("; run")[0] for line in gallery.check([program], folder)] == [
        "README.md is not up to date",
        "images/old.png: belongs to no program",
        "images/small_2.png is missing",
        "small.md is not up to date with plot_small.py",
    ]
    gallery.write([program], ["small"], folder)
    assert gallery.check([program], folder) == []
    path.unlink()
    assert [line.partition(";")[0] for line in gallery.check([program], folder)][
        -1
    ] == "small.md is missing"


def test_a_failing_program_says_where(tmp_path):
    path = tmp_path / "plot_wrong.py"
    path.write_text('"""\nTitle\n=====\n"""\n\n# %%\n# Text.\n\nx = 1\nx / 0\n')
    with pytest.raises(ZeroDivisionError) as caught:
        run(read(path))
    assert caught.traceback[-1].lineno + 1 == 10
    path.write_text('"""Title."""\n')
    with pytest.raises(ValueError, match="must start with a title"):
        read(path)
