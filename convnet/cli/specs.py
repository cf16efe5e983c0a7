"""The command ``convnet specs``: list the presets, or print the layers of one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from convnet.cli import options
from convnet.cli.errors import UsageError
from convnet.cli.report import say, table
from convnet.layers import as_layers, presets, to_dicts, to_json
from convnet.layers.geometry import cross
from convnet.values.messages import did_you_mean

if TYPE_CHECKING:
    from argparse import Namespace

    from convnet.cli.options import Subparsers
    from convnet.layers.preset import Preset


HEADER = ("name", "input", "parameters", "multiply-adds")
EXAMPLES = """\
  convnet specs
  convnet specs catdog > own.json        edit it, then: convnet train FOLDER --layers own.json"""


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = options.add_command(
        subparsers,
        "specs",
        run=run,
        about="list the nets that come with convnet, or print one",
        description="List the nets that come with convnet, or print the layers of one as JSON, for a file of your own.",
        examples=EXAMPLES,
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="the net to print")
    options.add_output(parser)


def run(args: Namespace) -> dict[str, Any]:
    """Print the names, or one spec."""
    known = presets()
    if args.name is None:
        sizes = table([HEADER, *(_sizes(name, preset) for name, preset in known.items())])
        descriptions = ["net", *(preset.description for preset in known.values())]
        say(*(f"{line}  {text}" for line, text in zip(sizes, descriptions, strict=True)))
        return {
            "command": "specs",
            "specs": {name: asdict(preset) for name, preset in known.items()},
        }
    if args.name not in known:
        hint = did_you_mean(args.name, known)
        raise UsageError(f"there is no spec {args.name!r}.{hint} There are {', '.join(known)}.")
    layers = as_layers(args.name)
    say(*to_json(layers).splitlines())
    return {"command": "specs", "name": args.name, "layers": to_dicts(layers)}


def _sizes(name: str, preset: Preset) -> list[str]:
    shape = cross(preset.input_shape)
    return [name, shape, f"{preset.n_parameters:,}", f"{preset.multiply_adds:,}"]
