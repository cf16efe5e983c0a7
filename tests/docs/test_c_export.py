"""docs/c_export.md: its programs run, and its table of files names what is written."""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
from c_programs import example_values, program, run

PAGE = Path(__file__).parents[2] / "docs" / "c_export.md"
MAIN = """
int main(void) {
    static const uint8_t image[DIGITS_X_SIZE];
    return class_of(image) == NULL;
}
"""


def test_the_programs_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVNET_ISA", "scalar")
    monkeypatch.setenv("CC", program("gcc"))
    program("make")
    text = PAGE.read_text(encoding="utf-8")

    def blocks(language):
        return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)

    found = {}
    for block in blocks("python"):
        exec(block, found)
    example, compilation = blocks("sh")
    lines = run("bash", "-c", example).splitlines()[-3:]  # after those of make
    values, classes = example_values("\n".join(lines), 10)
    X = found["X"][1000:1003]
    np.testing.assert_array_equal(values, found["clf"].predict_proba(X))
    assert classes == list(map(str, found["clf"].predict(X)))
    (source,) = blocks("c")
    Path("main.c").write_text(source + MAIN)
    run("bash", "-c", compilation.replace("cc ", "gcc ", 1))
    run(
        "gcc",
        "-std=c11",
        "-Idigits_c",
        "main.c",
        "digits.o",
        "digits_weights.o",
        "-lm",
        "-o",
        "main",
    )
    assert subprocess.run(["./main"]).returncode == 0
    table = text.partition("\n## The files\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    named = {name.rstrip("/") for cell in cells for name in re.findall(r"`(.+?)`", cell)}
    built = {name for name in os.listdir("digits_c") if name.endswith(".o")} | {"example"}
    assert named == {*os.listdir("digits_c")} - built
