"""Maps drawn over images."""

import matplotlib.pyplot as plt
import numpy as np

from convnet.inspection.displays.colors import (
    AGAINST,
    FOR,
    GRAY_RANGE,
    MAX_OPACITY,
    draw_overlay_colorbar,
    overlay,
)


def test_colors():
    values = np.zeros((20, 30))
    values[0, 0], values[0, 1], values[0, 2], values[1] = 2.0, -2.0, 1.0, 2.0
    picture = np.ones((20, 30, 3)) * np.linspace(0, 1, 30)[:, None]
    blend = overlay(picture, values)
    dark, light = GRAY_RANGE
    paper = dark + (light - dark) * picture[0, :, 0]
    for j, opacity, color in [(0, 1, FOR), (1, 1, AGAINST), (2, 0.5, FOR), (5, 0, FOR)]:
        expected = np.array(color) * opacity * MAX_OPACITY + paper[j] * (1 - opacity * MAX_OPACITY)
        np.testing.assert_allclose(blend[0, j], expected, rtol=1e-6)
    assert blend.min() >= 0 and blend.max() <= 1


def test_a_few_pixels_do_not_end_the_scale():
    values = np.ones((20, 30))
    values[3, 4] = 1000.0
    blend = overlay(np.zeros((20, 30, 3)), values)
    np.testing.assert_allclose(blend[3, 4], blend[0, 0])


def test_one_pixel_and_none():
    values = np.zeros((20, 30))
    pale = overlay(np.zeros((20, 30, 3)), values)
    np.testing.assert_allclose(pale, GRAY_RANGE[0])
    values[3, 4] = 1e-9
    assert (overlay(np.zeros((20, 30, 3)), values)[3, 4] != pale[3, 4]).all()


def test_the_bar_has_the_colors_of_the_maps():
    axes = plt.subplots(1, 2)[1]
    draw_overlay_colorbar(axes[0], signed=True)
    draw_overlay_colorbar(axes[1], signed=False)
    signed, unsigned = (ax.images[0].get_array() for ax in axes)
    gray = np.mean(GRAY_RANGE) * (1 - MAX_OPACITY)
    np.testing.assert_allclose(signed[0, 0], np.array(AGAINST) * MAX_OPACITY + gray)
    np.testing.assert_allclose(signed[-1, 0], np.array(FOR) * MAX_OPACITY + gray)
    np.testing.assert_allclose(unsigned[0, 0], np.mean(GRAY_RANGE))
    assert [text.get_text() for text in axes[1].get_yticklabels()] == [
        "no effect",
        "strongest\neffect",
    ]
