"""The command ``convnet export``: write a model for other programs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet.cli import options
from convnet.cli.errors import UsageError
from convnet.cli.files import check_output, load_model
from convnet.cli.report import say
from convnet.model_io.onnx.exporting import DEFAULT_OPSET
from convnet.model_io.onnx.library import onnx_library
from convnet.model_io.onnx.writing.model import FORMS

if TYPE_CHECKING:
    from argparse import Namespace

    from convnet.cli.options import Subparsers


EXAMPLES = """\
  convnet export pets.npz pets.onnx
  convnet export pets.npz pets.onnx --proba columns --no-labels
  convnet export pets.npz pets.onnx --opset 13         for an older runtime"""


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = options.add_command(
        subparsers,
        "export",
        run=run,
        about="write a model for other programs, as ONNX",
        description="Write a model as an ONNX file, which other programs can predict with: ONNX Runtime, OpenVINO, "
        "browsers and phones.\nThe file takes images as bytes, of the size that the model was trained on, and has "
        'everything up to the labels in it.\nNeeds: pip install "scikit-convnet[onnx]"\n\n'
        f"{options.TRUST}",
        examples=EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help=options.MODEL)
    parser.add_argument("out", metavar="OUT.onnx", help="the file to write")
    onnx = parser.add_argument_group("options of ONNX files")
    onnx.add_argument(
        "--opset",
        type=options.count,
        metavar="N",
        default=DEFAULT_OPSET,
        help="version of ONNX's operators, 13 or more (default: %(default)s)",
    )
    onnx.add_argument(
        "--proba",
        choices=FORMS,
        help="probabilities as one table, as a dict for each image, or as an output for each class (default: tensor)",
    )
    onnx.add_argument("--no-labels", action="store_true", help="leave the output of labels out")
    options.add_force(parser)
    options.add_output(parser)


def run(args: Namespace) -> dict[str, Any]:
    """Write the model, and say what it takes and returns."""
    if os.path.splitext(args.out)[1] != ".onnx":
        raise UsageError(f"the name of the file to write ends in .onnx; got {args.out}.")
    check_output("OUT.onnx", args.out, args.model, force=args.force)
    onnx_library("convnet export")
    kinds = ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
    model = load_model(args.model, *kinds)
    made = model.to_onnx(args.out, opset=args.opset, **_outputs(args, model))
    args.written = f"{args.out} was written"
    graph, size = made.graph, os.path.getsize(args.out)
    values = {"inputs": list(map(_data, graph.input)), "outputs": list(map(_data, graph.output))}
    say(f"{args.out}: {size / 1e6:,.1f} MB, ONNX opset {args.opset}")
    for kind, listed in values.items():
        for value in listed:
            shape = "" if value["shape"] is None else f" ({', '.join(map(str, value['shape']))})"
            say(f"{kind[:-1]} {value['name']}: {value['type']}{shape}")
    out = {"command": "export", "model": args.model, "out": args.out}
    return {**out, "opset": args.opset, "bytes": size, **values}


def _outputs(args: Namespace, model: Any) -> dict[str, Any]:
    """Return the options of a classifier's outputs. Raise UsageError if another estimator gets one."""
    given = {"--proba": args.proba is not None, "--no-labels": args.no_labels}
    if isinstance(model, ConvNetClassifier):
        return {"proba": args.proba or FORMS[0], "labels": not args.no_labels}
    for option, is_given in given.items():
        if is_given:
            raise UsageError(
                f"{option} is for classifiers; {args.model} holds a {type(model).__name__}. Leave it out."
            )
    return {}


def _data(value: Any) -> dict[str, Any]:
    """Return the name, type and shape of an input or output. A list of dicts has no shape."""
    onnx = onnx_library("convnet export")
    if not value.type.HasField("tensor_type"):
        return {"name": value.name, "type": "list of dicts", "shape": None}
    kind = value.type.tensor_type
    return {
        "name": value.name,
        "type": onnx.TensorProto.DataType.Name(kind.elem_type).lower(),
        "shape": [dim.dim_param or dim.dim_value for dim in kind.shape.dim],
    }
