"""Puts the programs in docs/ on the path; figures are closed after each test."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

for name in ("generator", "gallery_builder", "lessons_builder"):
    sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / name))


@pytest.fixture(autouse=True)
def no_figure_left():
    yield
    plt.close("all")
