"""Grids of maps: positions, colors and titles."""

from math import ceil

import matplotlib.pyplot as plt
import numpy as np
import pytest

from convnet.inspection.displays.colors import color_scale, diverging
from convnet.inspection.displays.grid import columns, draw_maps
from convnet.inspection.displays.text import fitted


def noise(n, *shape):
    return np.random.default_rng(0).normal(size=(n, *shape))


def drawn(grid):
    return [ax for ax in grid.axes.ravel() if ax is not None]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 20, pytest.param(64, marks=pytest.mark.slow)])
def test_every_map_is_drawn(n, ax):
    maps = noise(n, 5, 7)
    titles = [f"map {i}" for i in range(n)]
    grid = draw_maps("it", maps, titles=titles, scale=diverging(maps), ax=ax)
    assert [one.get_title() for one in drawn(grid)] == titles
    assert len(grid.images) == n == len(drawn(grid))
    for image, values in zip(grid.images, maps, strict=True):
        assert (image.get_array() == values).all()
        assert image.get_clim() == (-np.abs(maps).max(), np.abs(maps).max())
    assert all((one.axison, len(one.get_xticks())) == (True, 0) for one in drawn(grid))
    rows, cols = grid.axes.shape
    assert (rows - 1) * cols < n and (cols - 1) * rows < n + rows  # no empty row or column
    extra = 2 + (ax is not None)  # the divided axes, the color bar; the neighbor
    assert len(grid.figure.axes) == n + extra


@pytest.mark.slow
def test_a_note_says_how_many_are_not_drawn():
    maps = noise(128, 3, 3)
    grid = draw_maps("it", maps, heading="conv1")
    assert len(drawn(grid)) == 64
    assert grid.bounding_ax.get_title() == "conv1: 64 of 128 maps" and grid.colorbar is None
    assert (grid.images[63].get_array() == maps[63]).all()
    grid = draw_maps("it", maps, n_max=5, noun="filters", total=3000)
    assert grid.bounding_ax.get_title() == "5 of 3,000 filters"
    grid = draw_maps("it", maps, n_max=None, heading="conv1")
    assert len(drawn(grid)) == 128 and grid.bounding_ax.get_title() == "conv1"


def test_colors_need_no_scale():
    maps = np.random.default_rng(0).random((4, 6, 5, 3))
    grid = draw_maps("it", maps, scale=dict(cmap="viridis", vmin=0, vmax=1))
    assert grid.colorbar is None and (grid.images[2].get_array() == maps[2]).all()


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="it: there are no maps to draw"):
        draw_maps("it", [])
    assert not plt.get_fignums()


def test_scales():
    assert color_scale([np.array([-1.0, 3.0])]) == dict(cmap="RdBu_r", vmin=-3.0, vmax=3.0)
    assert color_scale([np.array([1.0]), np.array([4.0])]) == dict(
        cmap="viridis", vmin=0.0, vmax=4.0
    )
    for dead in ([np.zeros((2, 2))], []):
        assert color_scale(dead)["vmax"] == diverging(dead)["vmax"] == 1.0


def test_columns():
    """Few places are empty, and the grid has about the shape of the area."""
    assert [columns(n, 1, 1.2, 0.2) for n in (1, 2, 3, 4, 8, 9, 16, 64)] == [1, 2, 3, 2, 4, 3, 4, 8]
    assert columns(6, 1, 10, 0) == 6 and columns(6, 1, 0.1, 0) == 1
    assert columns(16, 8, 1, 0) < 4 < columns(16, 1 / 8, 1, 0)
    for n in range(1, 130):
        cols = columns(n, 1, 1.2, 0.2)
        assert ceil(n / cols) * cols - n < cols


def test_axes_are_divided_in_place():
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    box = left.get_position()
    grid = draw_maps(
        "it", noise(6, 4, 4), titles="abcdef", scale=diverging(noise(6, 4, 4)), ax=left
    )
    figure.canvas.draw()
    for one in (*drawn(grid), grid.colorbar.ax):
        inside = one.get_position()
        assert box.x0 <= inside.x0 < inside.x1 <= box.x1
        assert box.y0 <= inside.y0 < inside.y1 <= box.y1 + 1e-9
    assert right.axison and not left.axison
    with pytest.raises(ValueError, match="it: ax is hidden, or another display has divided it"):
        draw_maps("it", noise(6, 4, 4), ax=left)
    hand = figure.add_axes((0.1, 0.1, 0.3, 0.3))
    assert len(drawn(draw_maps("it", noise(6, 4, 4), ax=hand))) == 6


def test_titles_fit():
    names = ["cat", "Brachypelma hamorii of the Pacific coast of Mexico and beyond", "under_score"]
    assert fitted(["cat", "dog"], 2.0) == (["cat", "dog"], 9)
    short, size = fitted(names, 0.8)
    assert size == 6 and short[0] == "cat" and short[2] == "under_score"
    assert short[1].startswith("Brachypelma\nhamorii") and short[1].endswith("…")
    figure = plt.figure()
    for text in short:
        text = figure.text(0, 0, text, fontsize=size)
        assert text.get_window_extent().width / figure.dpi < 0.8
