"""Residual as a value: what is refused, names, shapes of the shortcut; specs from strangers."""

import json

import pytest

from convnet.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    LayerShapeError,
    MaxPool2D,
    ReLU,
    Residual,
    as_layers,
    to_json,
    to_yaml,
)


def nest(depth, inner=None):
    """A spec of a residual `depth` deep, as plain data."""
    spec = inner or {"type": "ReLU"}
    for _ in range(depth):
        spec = {"type": "Residual", "layers": [spec]}
    return spec


@pytest.mark.parametrize(
    ("layers", "error", "text"),
    [
        ([], ValueError, "Residual: layers must have at least one layer; got an empty list"),
        ("net.json", TypeError, "Residual: layers must be a list of layers; got 'net.json'"),
        (Dense(3), TypeError, "Residual: layers must be a list of layers; got Dense(3)"),
        ([Dense], TypeError, "Residual: layers[0] is the class Dense. Write Dense(...)"),
        (
            [ReLU(), {"type": "Conv2D", "filters": 0, "kernel_size": 3}],
            ValueError,
            "Residual: layers[1]: Conv2D: filters must be an integer from 1 to 1048576; got 0",
        ),
        (
            [ReLU(name="a"), ReLU(name="a")],
            ValueError,
            "layers[0] and layers[1] are both named 'a'",
        ),
        (
            [ReLU(name="shortcut")],
            ValueError,
            "the name 'shortcut' belongs to the shortcut of a Residual",
        ),
        ([nest(8)], ValueError, "Residual: layers are nested more than 8 deep"),
        ([nest(400)], ValueError, "Residual: layers are nested more than 8 deep"),
        ([Residual([ReLU()] * 600)] * 2, ValueError, "Residual: layers has more than 1000 entries"),
    ],
)
def test_refused_when_built(layers, error, text):
    with pytest.raises(error) as caught:
        Residual(layers)
    assert text in str(caught.value)


def test_how_deep():
    assert as_layers([nest(8)])[0].to_dict() == nest(8)
    deep = [Residual([nest(7)])]
    with pytest.raises(ValueError, match="8 deep"):
        Residual(deep)
    with pytest.raises(ValueError, match="more than 1000 entries, including those inside others"):
        as_layers([Residual([ReLU()] * 600)] * 2)


@pytest.mark.parametrize("depth", [9, 1000, 15000])
def test_specs_from_strangers(depth):
    """However deep text is nested, it is refused, and at once."""
    text = '[{"type":"Residual","layers":' * depth + '[{"type":"ReLU"}]' + "}]" * depth
    with pytest.raises(ValueError, match=r"deep|characters"):
        as_layers(text)
    wide = [{"type": "ReLU"}] * 1000
    for _ in range(9):  # a thousand times a thousand times ..., in little memory
        wide = [{"type": "Residual", "layers": wide}] * 1000
    with pytest.raises(ValueError, match="more than 1000 entries"):
        Residual(wide)


def test_lists_and_dicts_are_one_value():
    block = [Conv2D(4, 3, padding=1), {"type": "Residual", "layers": [{"type": "ReLU"}]}]
    layer = Residual(block, activation="relu")
    assert layer.layers == (Conv2D(4, 3, padding=1), Residual([ReLU()]))
    assert layer == Residual(tuple(layer.layers), "relu") and len({layer, layer.replace()}) == 1
    assert layer != Residual(layer.layers) and hash(layer) != hash(Residual(layer.layers))
    block.clear()
    assert len(layer.layers) == 2
    assert as_layers(to_json([layer])) == as_layers(to_yaml([layer])) == (layer,)
    assert json.loads(to_json([layer]))[0]["layers"][1] == {
        "type": "Residual",
        "layers": [{"type": "ReLU"}],
    }


@pytest.mark.parametrize(
    ("layers", "shape", "output"),
    [
        ([Conv2D(8, 3, padding="same", stride=2)], (7, 8, 3), (4, 4, 8)),
        ([MaxPool2D(2, padding="same"), MaxPool2D(2, padding="same")], (9, 16, 2), (3, 4, 2)),
        ([Conv2D(3, 3, padding="same")], (5, 4, 3), (5, 4, 3)),
        ([Dense(9), Dropout(0.5), Dense(4)], (7,), (4,)),
    ],
)
def test_output_shape(layers, shape, output):
    assert Residual(layers).output_shape(shape) == output


@pytest.mark.parametrize(
    ("layers", "shape", "text"),
    [
        (
            [Conv2D(8, 3)],
            (7, 8, 3),
            "its layers change its input from 7×8 to 5×6, which no stride of the shortcut does. "
            'Use padding="same" in its layers.',
        ),
        (
            [BatchNorm(), Conv2D(8, 3), Conv2D(8, 7)],
            (7, 8, 3),
            "layers[2] 'conv2': kernel 7×7 does not fit its 5×6 input. ",
        ),
        (
            [Residual([ReLU(), Conv2D(8, 9, name="wide")])],
            (7, 8, 3),
            "layers[0] 'residual1': layers[1] 'wide': kernel 9×9 does not fit its 7×8 input. ",
        ),
        ([Conv2D(8, 3, padding="valid")], (9,), "layers[0] 'conv1': it needs a (height, width"),
        ([Dense(8)], (7, 8, 3), "layers[0] 'dense1': it makes flat data inside a Residual"),
        ([Flatten()], (7, 8, 3), "it makes flat data inside a Residual whose input of 7×8"),
        ([GlobalAvgPool2D()], (7, 8, 3), "Put it after the Residual."),
    ],
)
def test_shapes_that_do_not_fit(layers, shape, text):
    with pytest.raises(LayerShapeError) as caught:
        Residual(layers).output_shape(shape)
    assert text in str(caught.value)


def test_takes_what_its_first_layer_takes():
    assert Residual([ReLU(), Residual([Dense(3)]), Conv2D(3, 1)]).takes == "flat"
    assert Residual([BatchNorm(), Conv2D(3, 1)]).takes == "map"
    assert Residual([ReLU()]).takes == "any"
