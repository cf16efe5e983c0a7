"""The command ``convnet export``: write a model for other programs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from convnet import ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
from convnet._extras import install_command
from convnet.cli import options
from convnet.cli.errors import UsageError
from convnet.cli.files import check_output, load_model
from convnet.cli.report import say
from convnet.model_io.c_source.export import DEFAULT_NAME, FolderNotEmptyError
from convnet.model_io.c_source.targets import TARGETS
from convnet.model_io.onnx.exporting import DEFAULT_OPSET
from convnet.model_io.onnx.library import onnx_library
from convnet.model_io.onnx.writing.model import FORMS

if TYPE_CHECKING:
    from argparse import Namespace

    from convnet.cli.options import Subparsers


EXAMPLES = """\
  convnet export pets.npz pets.onnx
  convnet export pets.npz pets.onnx --proba columns --no-labels
  convnet export pets.npz pets.onnx --opset 13         for an older runtime
  convnet export pets.npz --c pets_c/ --name pets      C files, and a Makefile that builds an example"""
ONNX_OPTIONS, C_OPTIONS = ("opset", "proba", "no_labels"), ("name", "isa")


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = options.add_command(
        subparsers,
        "export",
        run=run,
        about="write a model for other programs, as ONNX or as C",
        description="Write a model as an ONNX file, which other programs can predict with: ONNX Runtime, OpenVINO, "
        "browsers and phones.\nThe file takes images as bytes, of the size that the model was trained on, and has "
        f"everything up to the labels in it.\nNeeds: {install_command('onnx')}\n\n"
        "Or write it as C source code (--c), for services and small devices. It needs no library.\n\n"
        f"{options.TRUST}",
        examples=EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help=options.MODEL)
    parser.add_argument("out", metavar="OUT.onnx", nargs="?", help="the ONNX file to write")
    onnx = parser.add_argument_group("options of ONNX files")
    onnx.add_argument(
        "--opset",
        type=options.count,
        metavar="N",
        help=f"version of ONNX's operators, 13 or more (default: {DEFAULT_OPSET})",
    )
    onnx.add_argument(
        "--proba",
        choices=FORMS,
        help="probabilities as one table, as a dict for each image, or as an output for each class (default: tensor)",
    )
    onnx.add_argument(
        "--no-labels", action="store_true", default=None, help="leave the output of labels out"
    )
    c = parser.add_argument_group("options of C files")
    c.add_argument(
        "--c", metavar="DIR", help="the folder to write C files to, in place of OUT.onnx"
    )
    c.add_argument(
        "--name", help=f"prefix of the files and of all names in C (default: {DEFAULT_NAME})"
    )
    c.add_argument(
        "--isa",
        choices=TARGETS,
        help="instruction set that the code is for (default: scalar, plain C for all processors)",
    )
    options.add_force(parser)
    options.add_output(parser)


def run(args: Namespace) -> dict[str, Any]:
    """Write the model, and say what it takes and returns."""
    if (args.out is None) == (args.c is None):
        raise UsageError("pass either OUT.onnx, for an ONNX file, or --c DIR, for C files.")
    others, form = (C_OPTIONS, "--c") if args.c is None else (ONNX_OPTIONS, "OUT.onnx")
    for option in others:
        if getattr(args, option) is not None:
            raise UsageError(f"--{option.replace('_', '-')} goes with {form} only. Leave it out.")
    return _to_onnx(args) if args.c is None else _to_c(args)


def _to_c(args: Namespace) -> dict[str, Any]:
    model = load_model(args.model, ConvNetClassifier, ConvNetRegressor, ConvNetTransformer)
    name = args.name or DEFAULT_NAME
    try:
        made = model.to_c(args.c, name=name, isa=args.isa or "scalar", overwrite=args.force)
    except FolderNotEmptyError as error:
        raise UsageError(
            f"--c: the folder {error.folder} is not empty. Pass --force to replace files in it, or another folder."
        ) from None
    args.written = f"{args.c} was written"
    header = os.path.join(args.c, f"{name}.h")
    say(f"{header}: the manual, with the command that compiles {name}.c")
    say(
        f"weights: {made.weights_bytes:,} bytes; memory of a prediction: {made.scratch_bytes:,} bytes"
    )
    return {
        "command": "export",
        "model": args.model,
        "out": args.c,
        "files": list(map(str, made.files)),
        "weights_bytes": made.weights_bytes,
        "scratch_bytes": made.scratch_bytes,
    }


def _to_onnx(args: Namespace) -> dict[str, Any]:
    opset = DEFAULT_OPSET if args.opset is None else args.opset
    if os.path.splitext(args.out)[1] != ".onnx":
        raise UsageError(f"the name of the file to write ends in .onnx; got {args.out}.")
    check_output("OUT.onnx", args.out, args.model, force=args.force)
    onnx_library("convnet export")
    kinds = ConvNetClassifier, ConvNetRegressor, ConvNetTransformer
    model = load_model(args.model, *kinds)
    made = model.to_onnx(args.out, opset=opset, **_outputs(args, model))
    args.written = f"{args.out} was written"
    graph, size = made.graph, os.path.getsize(args.out)
    values = {"inputs": list(map(_data, graph.input)), "outputs": list(map(_data, graph.output))}
    say(f"{args.out}: {size / 1e6:,.1f} MB, ONNX opset {opset}")
    for kind, listed in values.items():
        for value in listed:
            shape = "" if value["shape"] is None else f" ({', '.join(map(str, value['shape']))})"
            say(f"{kind[:-1]} {value['name']}: {value['type']}{shape}")
    out = {"command": "export", "model": args.model, "out": args.out}
    return {**out, "opset": opset, "bytes": size, **values}


def _outputs(args: Namespace, model: Any) -> dict[str, Any]:
    """Return the options of a classifier's outputs. Raise UsageError if another estimator gets one."""
    given = {"--proba": args.proba is not None, "--no-labels": bool(args.no_labels)}
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
