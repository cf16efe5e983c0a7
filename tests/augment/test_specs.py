"""Augmentations as values, and the plan that is made of them."""

import copy
import json
import math
import pickle
import re

import pytest
from sklearn.base import clone

from convnet.augment import (
    Augmentation,
    CutMix,
    Cutout,
    MixUp,
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
    as_augment,
    augmentation_types,
    register,
)
from convnet.augment.plan import plan_augment
from convnet.engine import TRANSFORMS

# value, its repr, its transform for images of 20 × 40 whose range is 2
TABLE = [
    (RandomFlip(), "RandomFlip()", ("flip", 0, 0.5)),
    (RandomFlip("vertical"), "RandomFlip('vertical')", ("flip", 0.5, 0)),
    (RandomFlip("both"), "RandomFlip('both')", ("flip", 0.5, 0.5)),
    (RandomRotation(180), "RandomRotation(180.0)", ("rotation", math.pi, 0)),
    (
        RandomRotation(9, fill_mode="wrap"),
        "RandomRotation(9.0, fill_mode='wrap')",
        ("rotation", math.pi / 20, 0),
    ),
    (RandomTranslation(0.1), "RandomTranslation(0.1)", ("shift", 2, 4)),
    (RandomTranslation([0.1, 0.1]), "RandomTranslation(0.1)", ("shift", 2, 4)),
    (RandomTranslation((0.5, 0)), "RandomTranslation((0.5, 0.0))", ("shift", 10, 0)),
    (RandomZoom(0.2), "RandomZoom(0.2)", ("zoom", 0.2, 0)),
    (RandomZoom([0.2, 0.2]), "RandomZoom((0.2, 0.2))", ("stretch", 0.2, 0.2)),
    (RandomContrast(0.2), "RandomContrast(0.2)", ("contrast", 0.2, 0)),
    (RandomBrightness(0.2), "RandomBrightness(0.2)", ("brightness", 0.4, 0)),
    (RandomSaturation(0.2), "RandomSaturation(0.2)", ("saturation", 0.2, 0)),
    (RandomHue(0.1), "RandomHue(0.1)", ("hue", 0.1, 0)),
    (RandomCrop(4), "RandomCrop(4)", ("crop", 4, 4)),
    (RandomCrop((0, 39)), "RandomCrop((0, 39))", ("crop", 0, 39)),
    (
        RandomResizedCrop(),
        "RandomResizedCrop()",
        ("resized", 0.08, 1, math.log(3 / 4), math.log(4 / 3)),
    ),
    (
        RandomResizedCrop([0.5, 0.5], (1, 2), fill_mode="wrap"),
        "RandomResizedCrop(scale=(0.5, 0.5), ratio=(1.0, 2.0), fill_mode='wrap')",
        ("resized", 0.5, 0.5, 0, math.log(2)),
    ),
    (MixUp(), "MixUp()", ("mixup", 0.2)),
    (MixUp(2), "MixUp(2.0)", ("mixup", 2)),
    (CutMix(), "CutMix()", ("cutmix", 1, 20, 40)),
    (Cutout((20, 8)), "Cutout((20, 8))", ("cutout", 20, 8)),
]
every = pytest.mark.parametrize(("one", "text", "transform"), TABLE, ids=[t for _, t, _ in TABLE])


def test_the_table_has_every_type():
    assert {type(one) for one, _, _ in TABLE} == set(augmentation_types().values())
    assert {transform[0] for _, _, transform in TABLE} == set(TRANSFORMS)


@every
def test_values(one, text, transform):
    assert repr(one) == text and eval(text) == one
    name, *numbers = one.transform((20, 40, 3), 2.0)
    assert name == transform[0] and numbers == pytest.approx(transform[1:])
    plain = json.loads(json.dumps(one.to_dict()))
    assert as_augment([plain]) == as_augment(json.dumps([plain])) == (one,)
    assert hash(as_augment([plain])[0]) == hash(one)
    assert clone(one) is copy.deepcopy(one) is one
    assert pickle.loads(pickle.dumps(one)) == one


def test_specs():
    assert as_augment(None) == as_augment([]) == ()
    flip = [{"type": "RandomFlip"}]
    assert as_augment({"augment": flip}) == as_augment("- type: RandomFlip") == (RandomFlip(),)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: RandomFlip("left"),
            "RandomFlip: mode must be one of 'horizontal', 'vertical', 'both'",
        ),
        (lambda: RandomFlip("vertcal"), "Did you mean 'vertical'?"),
        (lambda: RandomFlip(1), "RandomFlip: mode must be one of"),
        (
            lambda: RandomRotation(200),
            "RandomRotation: degrees must be a number from 0 to 180; got 200",
        ),
        (lambda: RandomRotation(degree=2), "no parameter 'degree'. Did you mean 'degrees'?"),
        (
            lambda: RandomRotation(2, fill_mode="edge"),
            "fill_mode must be one of 'nearest', 'constant', 'reflect', 'wrap'; got 'edge'",
        ),
        (
            lambda: RandomTranslation(2),
            "RandomTranslation: factor must be a number from 0 to 1 or a pair of them; got 2",
        ),
        (
            lambda: RandomTranslation((1, 2, 3)),
            "must be a number from 0 to 1 or a pair of them; got (1, 2, 3)",
        ),
        (
            lambda: RandomZoom(1),
            "RandomZoom: factor must be a number from 0 to 0.9 or a pair of them; got 1",
        ),
        (lambda: RandomContrast(-0.1), "factor must be a number from 0 to 1; got -0.1"),
        (
            lambda: RandomResizedCrop(scale=(0, 1)),
            "scale must be a pair (low, high) with low <= high, each a number above 0 and at most 1; got (0, 1)",
        ),
        (lambda: RandomResizedCrop((0.5, 0.4)), "scale must be a pair (low, high)"),
        (lambda: RandomResizedCrop(224), "The crop has no size: it is resampled to that of the im"),
        (
            lambda: RandomResizedCrop(ratio=(0.5, 200)),
            "ratio must be a pair (low, high) with low <= high, each a number from 0.01 to 100; got (0.5, 200)",
        ),
        (lambda: MixUp(0), "MixUp: alpha must be a number above 0; got 0"),
        (lambda: CutMix(-1), "CutMix: alpha must be a number above 0; got -1"),
        (
            lambda: RandomSaturation(2),
            "RandomSaturation: factor must be a number from 0 to 1; got 2",
        ),
        (lambda: RandomHue(0.6), "RandomHue: factor must be a number from 0 to 0.5; got 0.6"),
        (lambda: RandomBrightness("much"), "factor must be a number from 0 to 1; got 'much'"),
        (
            lambda: RandomCrop(0.1),
            "RandomCrop: padding must be an integer from 0 to 1048576 or a pair of them; got 0.1",
        ),
        (
            lambda: Cutout(0),
            "Cutout: size must be an integer from 1 to 1048576 or a pair of them; got 0",
        ),
        (
            lambda: as_augment(RandomFlip()),
            "augment must be a list; got one augmentation. Write [Rand",
        ),
        (
            lambda: as_augment([RandomFlip]),
            "augment[0] is the class RandomFlip. Write RandomFlip(...)",
        ),
        (lambda: as_augment("RandomFlip"), "augment must be None or a list of augmentations; got"),
        (lambda: as_augment(3), "augment must be None or a list of augmentations; got 3"),
        (
            lambda: as_augment([{"type": "RandomFlipp"}]),
            "augment[0]: unknown augmentation type",
        ),
        (lambda: as_augment([3]), "augment[0] must be an augmentation or a dict; got 3"),
        (lambda: as_augment([{}]), 'augment[0]: an augmentation needs a "type", one of'),
    ],
)
def test_bad_specs(build, message):
    with pytest.raises((TypeError, ValueError)) as info:
        build()
    assert message in str(info.value)


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (
            [RandomFlip(), RandomCrop(20)],
            "augment[1] RandomCrop(20): padding 20 could shift the image out of its height of 20 completely. "
            "Use at most 19.",
        ),
        ([RandomCrop((3, 40))], "augment[0] RandomCrop((3, 40)): padding 40 could shift"),
        (
            [Cutout((20, 41))],
            "augment[0] Cutout((20, 41)): size 41 is larger than the width of the image, 40. Use at most 40.",
        ),
        (
            [RandomFlip(), RandomCrop(2), RandomZoom(0.1, fill_mode="wrap")],
            "augment[2] has fill_mode 'wrap' but augment[1] 'nearest'",
        ),
    ],
)
def test_what_does_not_fit(augment, message):
    with pytest.raises(ValueError) as info:
        plan_augment(augment, (20, 40, 3))
    assert message in str(info.value)


@pytest.mark.parametrize("one", [RandomSaturation(0.2), RandomHue(0.1)], ids=repr)
@pytest.mark.parametrize(("channels", "found"), [(1, "1 channel"), (4, "4 channels")])
def test_colors_need_three_channels(one, channels, found):
    message = f"augment[1] {one!r}: the images have {found}, but it needs 3: red, green and blue. "
    with pytest.raises(ValueError, match=re.escape(message)):
        plan_augment([RandomFlip(), one], (20, 40, channels))


def test_plan():
    augment = [RandomFlip(), Cutout(2), RandomZoom(0.1, fill_mode="wrap"), RandomBrightness(0.5)]
    plan = plan_augment(augment, (20, 40, 3), unit=3.0)
    assert plan.fill == "wrap"
    assert [name for name, _, _ in plan.transforms] == ["flip", "cutout", "zoom", "brightness"]
    assert plan.transforms[3] == ("brightness", 1.5, 0)
    assert plan.stages == ("augment",)
    assert plan_augment([MixUp(), RandomFlip()], (20, 40, 3)).stages == ("augment", "mix")
    assert plan_augment((), (20, 40, 3)) is plan_augment([], (9,)) is None
    with pytest.raises(
        ValueError, match=r"augment\[0\] RandomFlip\(\) needs images, but X is 2-D with 9"
    ):
        plan_augment([RandomFlip()], (9,))


def test_what_is_no_augmentation_is_not_registered():
    with pytest.raises(TypeError, match="int must be a subclass of Augmentation"):
        register(int)
    with pytest.raises(
        ValueError, match="an augmentation type named 'RandomFlip' is already registered"
    ):
        register(type("RandomFlip", (Augmentation,), {}))
