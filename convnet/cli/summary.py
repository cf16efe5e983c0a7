"""The command ``convnet summary``: the layers of a net as a table."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from convnet import ConvNetClassifier, ConvNetRegressor
from convnet.cli import options
from convnet.cli.errors import UsageError
from convnet.cli.files import MODELS, load_model
from convnet.cli.report import say
from convnet.layers import presets

if TYPE_CHECKING:
    from argparse import Namespace

    from convnet.cli.options import Subparsers
    from convnet.graph import LayerInfo
    from convnet.inspection.summary import Summary


SPECS = (".json", ".yaml", ".yml")
EXAMPLES = """\
  convnet summary pets.npz
  convnet summary catdog --input 150x150x3 --classes 2
  convnet summary spec.json --input 28x28x1"""


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = options.add_command(
        subparsers,
        "summary",
        run=run,
        about="show the layers of a net: shapes, parameters, multiply-adds, memory",
        description="Show the layers of a net: algorithm, shape, parameters, multiply-adds and memory.\n\n"
        f"{options.TRUST}",
        examples=EXAMPLES,
    )
    parser.add_argument(
        "net",
        metavar="MODEL|SPEC|NAME",
        help='a model, a .json or .yaml file, JSON text, a name that "convnet specs" lists, or "auto"',
    )
    parser.add_argument(
        "--input",
        type=options.shape,
        metavar="HxWxC",
        help="shape of an image, such as 150x150x3; needed unless you pass a model",
    )
    parser.add_argument(
        "--classes",
        type=options.count,
        metavar="N",
        help="number of classes; without it, the output layer is left out unless you pass a model",
    )
    options.add_output(parser)


def run(args: Namespace) -> dict[str, Any]:
    """Print the layers of a net."""
    found = _of_model(args) if _is_model(args.net) else _of_spec(args)
    say(*str(found).split("\n"))
    return {
        "command": "summary",
        "net": args.net,
        "input_shape": list(found.input_shape),
        "parameters": found.n_parameters,
        "multiply_adds": found.multiply_adds,
        "memory_bytes": found.memory_bytes,
        "layers": [_data(layer) for layer in found.layers],
    }


def _is_model(net: str) -> bool:
    """Return whether `net` names a model file: it has the ending of one, or is a file that is not a spec."""
    ending = os.path.splitext(net)[1]
    spec = ending in SPECS or net == "auto" or net in presets()
    return ending in MODELS or (not spec and os.path.isfile(net))


def _of_model(args: Namespace) -> Summary:
    for name in ("input", "classes"):
        if getattr(args, name) is not None:
            raise UsageError(
                f"--{name} is for specs; the model {args.net} has its own. Leave it out."
            )
    return load_model(args.net, ConvNetClassifier, ConvNetRegressor).summary()


def _of_spec(args: Namespace) -> Summary:
    if args.input is None:
        raise UsageError("a spec needs the shape of an image. Pass --input, as in 150x150x3.")
    if args.classes == 1:
        raise UsageError("--classes must be 2 or more; got 1.")
    shape = args.input if len(args.input) > 1 else None
    clf = ConvNetClassifier(args.net, input_shape=shape)
    if args.classes is None and shape:
        return clf.summary()
    # rows that take no memory
    X = np.broadcast_to(np.float32(0), (args.classes or 1, *args.input))
    return clf.summary(X, None if args.classes is None else np.arange(args.classes))


def _data(layer: LayerInfo) -> dict[str, Any]:
    return {
        "name": layer.name,
        "type": layer.type,
        "algorithm": layer.algorithm,
        "output_shape": list(layer.output_shape),
        "parameters": layer.n_parameters,
        "multiply_adds": layer.multiply_adds,
        "memory_bytes": layer.memory_bytes,
        "layers": [_data(inner) for inner in layer.layers],
    }
