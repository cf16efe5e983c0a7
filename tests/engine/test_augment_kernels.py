"""Augmentation against its float64 definition, on every instruction set."""

import colorsys

import numpy as np
import oracle_augment
import pytest
from hypothesis import given, strategies as st
from netcheck import EPS, ISAS, assert_exact, assert_within, seeds

from convnet.augment import (
    Cutout,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomFlip,
    RandomHue,
    RandomResizedCrop,
    RandomRotation,
    RandomSaturation,
    RandomTranslation,
    RandomZoom,
)
from convnet.augment.plan import plan_augment
from convnet.engine import FILLS
from convnet.graph.runtime.augmenter import augmented

every_isa = pytest.mark.parametrize("isa", ISAS)


def changed(x, augment, isa=None, *, unit=1.0, **key):
    return augmented(x, plan_augment(augment, x.shape[1:], unit), isa=isa, **key)


def wanted(x, augment, *, seed=0, epoch=0, rows=None, unit=1.0):
    rows = range(len(x)) if rows is None else rows
    return np.stack(
        [
            oracle_augment.augment(image, augment, seed=seed, epoch=epoch, row=int(row), unit=unit)
            for image, row in zip(x, rows, strict=True)
        ]
    )


def images(shape, n=5, seed=0):
    return np.random.default_rng(seed).random((n, *shape)).astype(np.float32)


def check(x, augment, isa, **key):
    """Coordinates round to EPS of the farthest, which moves a value by at most the image's largest step."""
    farthest = 4 * max(x.shape[1:3])
    assert_within(changed(x, augment, isa, **key), wanted(x, augment, **key), 4 * EPS * farthest)


SHAPES = [(7, 9, 3), (8, 8, 1), (5, 6, 2), (1, 17, 3), (17, 1, 1), (33, 19, 5), (6, 34, 1)]
ONES = [
    RandomFlip(),
    RandomFlip("vertical"),
    RandomFlip("both"),
    RandomRotation(15),
    RandomRotation(180),
    RandomTranslation(0.1),
    RandomTranslation((0.9, 0.2)),
    RandomZoom(0.2),
    RandomZoom((0.9, 0.3)),
    RandomZoom((0.2, 0.2)),
    RandomResizedCrop(),
    RandomResizedCrop((0.9, 1), (0.01, 100)),  # mostly too large: tries, and the middle
    RandomResizedCrop((1, 1), (2, 2)),
    RandomContrast(0.2),
    RandomContrast(1),
    RandomBrightness(0.3),
]


@every_isa
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("one", ONES, ids=repr)
def test_each_by_itself(isa, one, shape):
    check(images(shape), [one], isa, seed=3, epoch=2)


@every_isa
@pytest.mark.parametrize(
    "one", [RandomCrop(3), RandomCrop((0, 4)), Cutout(3), Cutout((4, 1))], ids=repr
)
def test_whole_pixels_are_exact(isa, one):
    x = images((7, 9, 3), 40)
    assert_exact(changed(x, [one], isa, seed=1), wanted(x, [one], seed=1).astype(np.float32))


COLORS = [RandomSaturation(0.2), RandomSaturation(1), RandomHue(0.1), RandomHue(0.5)]


@every_isa
@pytest.mark.parametrize("one", COLORS, ids=repr)
@pytest.mark.parametrize("shape", [(7, 9, 3), (1, 17, 3), (33, 1, 3)], ids=str)
def test_colors(isa, one, shape):
    """Of any range: brightness comes first."""
    x = images(shape, 20)
    check(x, [one], isa, seed=3, epoch=2)
    check(x, [RandomBrightness(1), one], isa, seed=3, epoch=2, unit=3.0)


@every_isa
def test_hue_is_that_of_hsv(isa):
    """The standard library's, pixel by pixel, for values from 0 to 1; a full saturation and ties included."""
    x = np.random.default_rng(0).integers(0, 4, (30, 5, 7, 3)).astype(np.float32) / 3
    got = changed(x, [RandomHue(0.5)], isa)
    for i, image in enumerate(x):
        turn = 0.5 * (2 * oracle_augment.uniforms(0, 0, i, 0)[0] - 1)
        for place in np.ndindex(5, 7):
            h, s, v = colorsys.rgb_to_hsv(*map(float, image[place]))
            assert_within(got[i][place], colorsys.hsv_to_rgb((h + turn) % 1, s, v), 8 * EPS)


@every_isa
def test_gray_stays_gray(isa):
    """Hue and saturation change no gray pixel: hue to the bit."""
    x = np.repeat(images((6, 7, 1), 30), 3, axis=3)
    assert_exact(changed(x, [RandomHue(0.5)], isa), x)
    assert_within(changed(x, [RandomSaturation(1)], isa), x, 2 * EPS)


@every_isa
@pytest.mark.parametrize("one", COLORS, ids=repr)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channel", range(3))
def test_what_is_not_finite_stays_visible(isa, one, value, channel):
    x = images((2, 3, 3), 8)
    x[:, 1, 1, channel] = value
    assert not np.isfinite(changed(x, [one], isa)[:, 1, 1]).all(axis=1).any()
    assert np.isfinite(changed(x, [one], isa)[:, 0]).all()


@st.composite
def lists(draw, colors):
    fill = draw(st.sampled_from(FILLS))
    share = st.floats(0, 0.9)
    small = st.integers(0, 4)
    one = st.one_of(
        st.builds(RandomFlip, st.sampled_from(["horizontal", "vertical", "both"])),
        st.builds(RandomRotation, st.floats(0, 180), fill_mode=st.just(fill)),
        st.builds(RandomTranslation, st.tuples(share, share), fill_mode=st.just(fill)),
        st.builds(RandomZoom, share | st.tuples(share, share), fill_mode=st.just(fill)),
        st.builds(RandomCrop, st.tuples(small, small), fill_mode=st.just(fill)),
        st.builds(
            RandomResizedCrop,
            st.tuples(share, share).map(lambda pair: tuple(0.01 + x for x in sorted(pair))),
            fill_mode=st.just(fill),
        ),
        st.builds(RandomContrast, st.floats(0, 1)),
        st.builds(RandomBrightness, st.floats(0, 1)),
        st.builds(Cutout, st.tuples(st.integers(1, 5), st.integers(1, 5))),
    )
    if colors:
        half = st.floats(0, 0.5)
        one |= st.builds(RandomSaturation, st.floats(0, 1)) | st.builds(RandomHue, half)
    return draw(st.lists(one, min_size=1, max_size=5))


@every_isa
@given(data=st.data(), h=st.integers(5, 20), w=st.integers(5, 40), c=st.integers(1, 5), seed=seeds)
def test_lists(isa, data, h, w, c, seed):
    """Moves are composed in their order, changes of values follow in theirs, whatever stands between."""
    augment = data.draw(lists(colors=c == 3))
    x = images((h, w, c), 2, seed)
    rows = np.array([seed % 1000, 2**33 + 5])
    check(x, augment, isa, seed=seed % 2**31, epoch=seed % 100, rows=rows, unit=3.0)


@every_isa
def test_an_even_image_stays_even(isa):
    """To the bit, wherever its points come from."""
    x = np.full((50, 9, 11, 3), 0.7, dtype=np.float32)
    moves = [RandomRotation(180), RandomZoom(0.9), RandomTranslation(1)]
    assert_exact(changed(x, moves, isa), x)


@every_isa
def test_extreme_zooms_stay_inside(isa):
    """Coordinates beyond all numbers still tap pixels of the image: no NaN, nothing from elsewhere."""
    x = np.ones((20, 8, 8, 3), dtype=np.float32)
    for fill in FILLS:
        moves = [RandomZoom(0.9, fill_mode=fill), RandomTranslation(1, fill_mode=fill)] * 200
        got = changed(x, moves, isa)
        assert ((got >= 0) & (got <= 1)).all()


@every_isa
def test_known_pictures(isa):
    """What a reader would draw by hand."""
    x = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)
    seen = {changed(x, [RandomFlip()], isa, epoch=e).tobytes() for e in range(20)}
    assert seen == {x.tobytes(), x[:, :, ::-1].tobytes()}
    seen = {changed(x, [RandomFlip("vertical")], isa, epoch=e).tobytes() for e in range(20)}
    assert seen == {x.tobytes(), x[:, ::-1].tobytes()}
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    seen = {
        changed(x, [RandomCrop(1, fill_mode="constant")], isa, epoch=e).tobytes()
        for e in range(200)
    }
    assert seen == {padded[:, i : i + 3, j : j + 4].tobytes() for i in range(3) for j in range(3)}


@every_isa
def test_a_window_of_half_the_height(isa):
    """Its rows become two each: weights 3/4 and 1/4 of neighbors."""
    x = images((8, 6, 3), 40)
    got = changed(x, [RandomResizedCrop((0.5, 0.5), (1.5, 1.5))], isa, seed=1)
    for image, seen in zip(x, got, strict=True):
        rows = [image[top : top + 4] for top in range(5)]
        means = [0.75 * window[1:3] + 0.25 * window[:2] for window in rows]
        assert sum(np.allclose(seen[2:5:2], mean, atol=1e-6) for mean in means) == 1


@every_isa
def test_a_rotation_by_a_right_angle(isa):
    """The top right corner goes to the top left: counter-clockwise."""
    x = images((9, 9, 3), 1)
    want = np.rot90(x, axes=(1, 2))  # from the first axis towards the second: counter-clockwise
    plan = plan_augment([RandomRotation(90)], (9, 9, 3))
    angles = [2 * oracle_augment.uniforms(0, e, 0, 0)[0] - 1 for e in range(3000)]
    epoch = int(np.argmax(angles))  # nearly +90 degrees
    assert angles[epoch] > 0.998
    assert_within(augmented(x, plan, epoch=epoch, isa=isa), want, 0.02)
    assert np.abs(augmented(x, plan, epoch=epoch, isa=isa) - np.rot90(x, -1, (1, 2))).max() > 0.3
