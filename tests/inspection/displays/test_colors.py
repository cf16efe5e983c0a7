"""Maps drawn over images."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from convnet.inspection.displays.colors import (
    AGAINST,
    FOR,
    LUMA,
    MAGNITUDE_RANGE,
    MAX_OPACITY,
    OPACITY_POWER,
    draw_overlay_colorbar,
    overlay,
)


def expected(gray, share, signed):
    """Return the color of a value from -1 to 1 over gray."""
    opacity = MAX_OPACITY * abs(share) ** OPACITY_POWER
    first, last = MAGNITUDE_RANGE
    color = matplotlib.colormaps["inferno"](first + (last - first) * abs(share))[:3]
    if signed:
        color = FOR if share > 0 else AGAINST
    return np.array(color) * opacity + gray * (1 - opacity)


@pytest.mark.parametrize("signed", [True, False])
def test_colors(signed):
    values = np.zeros((20, 30))
    values[0, 0], values[0, 1], values[0, 2], values[1] = 2.0, -2.0, 1.0, 2.0
    picture = np.random.default_rng(0).random((20, 30, 3))
    picture[0, 5], picture[0, 6] = 0, 1  # black and white stay black and white
    blend = overlay(picture, values, signed=signed)
    for j, share in [(0, 1), (1, -1), (2, 0.5), (5, 0), (6, 0)]:
        want = expected(picture[0, j] @ LUMA, share, signed)
        np.testing.assert_allclose(blend[0, j], want, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(blend[0, 5:7], [[0] * 3, [1] * 3], atol=1e-12)
    assert blend.min() >= 0 and blend.max() <= 1


def test_the_image_shows_through_the_strongest_effect():
    """Black and white differ by a fifth of the range, under the largest values."""
    values = np.ones((1, 2))
    for signed in (True, False):
        black, white = overlay(np.array([[[0.0] * 3, [1.0] * 3]]), values, signed=signed)[0]
        np.testing.assert_allclose(white - black, 1 - MAX_OPACITY)
    assert 1 - MAX_OPACITY > 0.19


def test_larger_magnitudes_are_lighter():
    """In CIE lightness over a gray image, so that they look larger in any color vision."""
    values = np.linspace(0.2, 1, 9)[None]
    colors = overlay(np.full((1, 9, 3), 0.4), values, signed=False)[0]
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    lightness = 116 * np.cbrt(linear @ [0.2126, 0.7152, 0.0722]) - 16
    steps = np.diff(lightness)
    assert (steps > 1).all()


def test_a_few_pixels_do_not_end_the_scale():
    values = np.ones((20, 30))
    values[3, 4] = 1000.0
    blend = overlay(np.zeros((20, 30, 3)), values, signed=True)
    np.testing.assert_allclose(blend[3, 4], blend[0, 0])


def test_one_pixel_and_none():
    values = np.zeros((20, 30))
    plain = overlay(np.full((20, 30, 3), 0.5), values, signed=True)
    np.testing.assert_allclose(plain, 0.5)
    values[3, 4] = 1e-9
    assert (overlay(np.full((20, 30, 3), 0.5), values, signed=True)[3, 4] != 0.5).all()


@pytest.mark.parametrize("signed", [True, False])
def test_the_bar_has_the_colors_of_the_maps(signed):
    """From bottom to top the values, from left to right over black to white."""
    ax = plt.subplots()[1]
    draw_overlay_colorbar(ax, signed=signed)
    bar = ax.images[0].get_array()
    n = len(bar)
    shares = np.linspace(-1 if signed else 0, 1, n)
    for i, j in [(0, 0), (0, n - 1), (n - 1, 0), (n - 1, n - 1), (n // 3, n // 4)]:
        np.testing.assert_allclose(
            bar[i, j], expected(j / (n - 1), shares[i], signed), rtol=1e-6, atol=1e-12
        )
    assert ax.get_ylim() == (shares[0], 1)
    ticks = dict(zip(ax.get_yticks(), (t.get_text() for t in ax.get_yticklabels()), strict=True))
    assert ticks[0] == "no effect"
    assert ticks[1] == ("evidence\nfor" if signed else "strongest\neffect")
    assert not signed or ticks[-1] == "evidence\nagainst"
