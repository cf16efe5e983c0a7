"""Parallel as a value: what is refused, names, output shapes, what it takes."""

import pytest

from convnet.graph import Plan
from convnet.layers import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    GlobalAvgPool2D,
    LayerShapeError,
    MaxPool2D,
    Parallel,
    ReLU,
    Residual,
    UpSample2D,
    as_layers,
    to_json,
    to_yaml,
)


@pytest.mark.parametrize(
    ("branches", "error", "text"),
    [
        ([], ValueError, "Parallel: branches must be a list of at least two branches; got []"),
        ([[ReLU()]], ValueError, "Parallel: branches must be a list of at least two branches; got"),
        ("net.json", TypeError, "branches must be a list of branches, each a list of layers"),
        ([ReLU(), ReLU()], TypeError, "branches[0] must be a list of layers; got ReLU()"),
        ([[], "net.json"], TypeError, "branches[1] must be a list of layers; got 'net.json'"),
        ([[], [ReLU]], TypeError, "branches[1][0] is the class ReLU. Write ReLU(...)"),
        (
            [[ReLU()], [ReLU(), {"type": "Dense", "units": 0}]],
            ValueError,
            "branches[1][1]: Dense: units must be an integer from 1 to 1048576; got 0",
        ),
        (
            [[], [ReLU(name="a"), ReLU(name="a")]],
            ValueError,
            "branches[1][0] and branches[1][1] are both named 'a'",
        ),
        ([[], [ReLU(name="flatten")]], ValueError, "branches[1][0]: the name 'flatten'"),
        ([[ReLU()] * 600, [ReLU()] * 600], ValueError, "layers has more than 1000 entries"),
    ],
)
def test_refused_when_built(branches, error, text):
    with pytest.raises(error) as caught:
        Parallel(branches)
    assert text in str(caught.value)


def test_a_merge_that_does_not_exist():
    with pytest.raises(
        ValueError,
        match=r"one of 'concat', 'add', 'multiply', 'mean', 'max'; got 'sum'\. Did you mean 'add'",
    ):
        Parallel([[], []], "sum")


def nest(depth):
    """Return plain data of a Parallel `depth` deep."""
    spec = {"type": "ReLU"}
    for _ in range(depth):
        spec = {"type": "Parallel", "branches": [[], [spec]]}
    return spec


def test_how_deep():
    assert as_layers([nest(8)])[0].to_dict() == nest(8)
    for depth in (9, 400):
        with pytest.raises(ValueError, match="nested more than 8 deep"):
            as_layers([nest(depth)])
    with pytest.raises(ValueError, match="nested more than 8 deep"):
        as_layers([{"type": "Residual", "layers": [{"type": "ReLU"}], "shortcut": [nest(8)]}])


def test_lists_and_dicts_are_one_value():
    layer = Parallel([[{"type": "Conv2D", "filters": 4, "kernel_size": 1}], []], "max")
    assert layer == Parallel(((Conv2D(4, 1),), ()), "max") and layer != Parallel(layer.branches)
    assert layer.inner_layers == (Conv2D(4, 1),)
    assert as_layers(to_json([layer])) == as_layers(to_yaml([layer])) == (layer,)


SAME = {"padding": "same"}
SQUEEZE = [GlobalAvgPool2D(), Dense(3)]


@pytest.mark.parametrize(
    ("branches", "merge", "shape", "output"),
    [
        ([[Conv2D(8, 3, **SAME)], [], [MaxPool2D(1)]], "concat", (7, 8, 3), (7, 8, 14)),
        (
            [[Conv2D(8, 3, stride=2, **SAME)], [MaxPool2D(2, **SAME)]],
            "concat",
            (7, 8, 3),
            (4, 4, 11),
        ),
        ([[Conv1D(8, 3, **SAME)], []], "concat", (7, 3), (7, 11)),
        ([[Dense(8)], [Dense(2)]], "concat", (7,), (10,)),
        ([[Dense(8)], SQUEEZE], "concat", (7, 8, 3), (11,)),
        ([[Conv2D(3, 1)], []], "add", (7, 8, 3), (7, 8, 3)),
        ([[], SQUEEZE], "multiply", (7, 8, 3), (7, 8, 3)),
        ([SQUEEZE, SQUEEZE, []], "multiply", (7, 8, 3), (7, 8, 3)),
        ([[Dense(4)], [Dense(4)]], "multiply", (7, 8, 3), (4,)),
    ],
)
def test_output_shape(branches, merge, shape, output):
    assert Parallel(branches, merge).output_shape(shape) == output


@pytest.mark.parametrize(
    ("layers", "shape", "text"),
    [
        (
            [Parallel([[Conv2D(8, 3)], []])],
            (7, 8, 3),
            "layers[0] 'parallel1': the outputs of its branches, 5×6×8, 7×8×3, cannot be joined along the channels. "
            'Shapes: 7×8. Use the same strides in all branches, and padding="same".',
        ),
        (
            [Parallel([[Conv2D(8, 1)], []], "mean")],
            (7, 8, 3),
            "7×8×8, 7×8×3, cannot be averaged. Shapes: 7×8. Use the same number of channels at the ends of all "
            "branches.",
        ),
        (
            [Parallel([[Conv2D(8, 3)], []], "add")],
            (7, 8, 3),
            '5×6×8, 7×8×3, cannot be added. Shapes: 7×8. Use the same strides in all branches, and padding="same". '
            "Use the same number of channels at the ends of all branches.",
        ),
        (
            [Parallel([[GlobalAvgPool2D(), Dense(4)], []], "multiply")],
            (7, 8, 3),
            "4, 7×8×3, cannot be multiplied. Shapes: 7×8. End flat branches with one value for each channel of the "
            "others: 3.",
        ),
        (
            [Parallel([SQUEEZE, [MaxPool2D(2)], []], "multiply")],
            (7, 8, 3),
            "3, 3×4×3, 7×8×3, cannot be multiplied. Shapes: 7×8. Use the same strides in all branches, and "
            'padding="same".',
        ),
        (
            [Parallel([SQUEEZE, []], "max")],
            (7, 8, 3),
            "3, 7×8×3, cannot be compared. Shapes: 7×8. End branches[1] with Flatten or global pooling, as the others "
            "are flat.",
        ),
        (
            [Parallel([[], SQUEEZE, [Conv2D(3, 1)]])],
            (7, 8, 3),
            "End branches[0] and branches[2] with Flatten or global pooling, as the others are flat.",
        ),
        (
            [Residual(SQUEEZE, shortcut=[])],
            (7, 8, 3),
            "End its shortcut with Flatten or global pooling, as the others are flat.",
        ),
        (
            [Residual([ReLU(), Parallel([[], [UpSample2D(2**14)]])])],
            (7, 8, 3),
            "layers[0] 'residual1' › layers[1] 'parallel1' › branches[1][0] 'upsample1': its output of "
            "114688×131072×3 would have 45,097,156,608 values; at most 268,435,456 are allowed. Shapes: 7×8→7×8. "
            "Set a smaller size.",
        ),
        (
            [Conv2DTranspose(4, 3, stride=(2**20, 1))],
            (7, 8, 3),
            "layers[0] 'convtranspose1': its output of 7340032×10×4 would have 293,601,280 values; at most 268,435,456 "
            "are allowed. Shapes: 7×8. Set a smaller stride, kernel_size or dilation, or fewer filters.",
        ),
        (
            [ReLU(), Parallel([[], [ReLU(), MaxPool2D(4), Conv2D(2, 3, name="big")]], name="p")],
            (7, 8, 3),
            "layers[1] 'p' › branches[1][2] 'big': kernel 3×3 does not fit its 1×2 input. Shapes: 7×8→7×8→7×8→1×2. ",
        ),
        (
            [Residual([Conv2D(4, 1)], shortcut=[MaxPool2D(9)])],
            (7, 8, 3),
            "layers[0] 'residual1' › shortcut[0] 'pool1': window 9×9 does not fit its 7×8 input",
        ),
        (
            [Residual([Conv2D(4, 1)], shortcut=[])],
            (7, 8, 3),
            "layers[0] 'residual1': the outputs of its layers, 7×8×4, and of its shortcut, 7×8×3, cannot be added.",
        ),
    ],
)
def test_shapes_that_do_not_fit(layers, shape, text):
    with pytest.raises(ValueError) as caught:
        Plan(layers, shape)
    assert text in str(caught.value)


def test_what_it_takes():
    assert Parallel([[ReLU()], [Conv2D(3, 1)]]).takes == "map"
    assert Parallel([[Dense(3)], [Dense(3)]]).takes == "flat"
    assert Parallel([[Dense(3)], []]).takes == "any"
    assert Parallel([[Dense(3)], [GlobalAvgPool2D()]]).takes == "map"
    with pytest.raises(LayerShapeError, match=r"branches\[0\]\[0\] 'conv1': it needs a \(height"):
        Parallel([[Conv2D(3, 1)], []]).output_shape((9,))


def test_names():
    """Layers are numbered within their branch; a dense layer flattens its own branch."""
    mixed = Parallel([[Conv2D(2, 1), Conv2D(2, 1, name="last"), Dense(5)], [GlobalAvgPool2D()]])
    plan = Plan([mixed, Residual([Dense(4)], shortcut=[Dense(4)], name="block")], (5, 4, 3))
    assert list(plan.named) == [
        "parallel1", "parallel1/0/conv1", "parallel1/0/last", "parallel1/0/flatten", "parallel1/0/dense1",
        "parallel1/1/globalpool1", "block", "block/dense1", "block/shortcut/dense1",
    ]  # fmt: skip
    assert [p.name for p in plan.parameters][:2] == [
        "parallel1/0/conv1/weights",
        "parallel1/0/conv1/bias",
    ]
    labels = [(label, [info.name for info in layers]) for label, layers in plan.layers[1].branches]
    assert labels == [("body", ["block/dense1"]), ("shortcut", ["block/shortcut/dense1"])]
    assert plan.find_layers(["parallel1/1/*"], "freeze") == ["parallel1/1/globalpool1"]
