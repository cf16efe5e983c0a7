"""The programs of docs/onnx.md run and do what the text says."""

import json
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "onnx.md"


# of PyTorch's exporter
@pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning"
)
def test_the_programs_run(tmp_path, monkeypatch):
    for library in ("onnx", "onnxruntime", "skl2onnx", "torch", "onnxscript"):
        pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)
    text, found = PAGE.read_text(encoding="utf-8"), {}
    programs = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    for program in programs:
        *before, last = program.rstrip().splitlines()
        exec("\n".join(before), found)
        try:
            value = eval(last, found)
        except SyntaxError:
            exec(last, found)
            continue
        if last.endswith("# True"):
            assert value
        if last.endswith('["classes"]'):
            assert json.loads(value) == [str(digit) for digit in range(10)]
    assert [output.name for output in found["model"].graph.output] == ["label", "probabilities"]
