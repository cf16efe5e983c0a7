"""Parallel: branches of layers that read the same input, and whose outputs are merged."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from convnet.layers.activation import activation_name
from convnet.layers.base import LAYERS, Builder, Layer, flat_list, register
from convnet.layers.chain import Link, chain, end_shape, required_input
from convnet.layers.geometry import LayerShapeError, Shape, cross
from convnet.layers.spec import check_size, resolve_names
from convnet.values.constraints import choice, parameter
from convnet.values.messages import show
from convnet.values.spec import as_values

MERGES = {  # how errors call them
    **{"concat": "joined along the channels", "add": "added", "multiply": "multiplied"},
    **{"mean": "averaged", "max": "compared"},
}
# words of other libraries
ELSEWHERE = {
    **{"cat": "concat", "concatenate": "concat", "sum": "add", "average": "mean", "avg": "mean"},
    **{"maximum": "max", "mul": "multiply", "prod": "multiply"},
}
OPERATIONS = {"add": "AddOp", "mean": "AddOp", "multiply": "MultiplyOp", "max": "MaximumOp"}


def checked_layers(
    value: object, where: str, reserved: dict[str, str] | None = None
) -> tuple[Layer, ...]:
    """Check a list of layers or their dicts. Paths and text are not accepted, so that a spec cannot read files.

    `where` is the place of the list, for errors: "branches[1]".
    """
    if not isinstance(value, list | tuple):
        raise TypeError(f"{where} must be a list of layers; got {show(value)}")
    check_size(value, depth=1)
    layers = as_values(LAYERS, value, where)
    resolve_names(layers, reserved, where)
    return layers


def _branches(value: object) -> tuple[tuple[Layer, ...], ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"must be a list of branches, each a list of layers; got {show(value)}")
    if len(value) < 2:
        raise ValueError(f"must be a list of at least two branches; got {show(value)}")
    check_size(list(flat_list(value)), depth=1)
    return tuple(checked_layers(branch, f"branches[{i}]") for i, branch in enumerate(value))


@register
class Parallel(Layer):
    """Passes its input through several branches of layers and merges their outputs.

    Inception blocks, dense blocks, squeeze-and-excite blocks and residual blocks are of this form.

    Parameters
    ----------
    branches : list of list of Layer or dict
        At least two branches. ``[]`` is the identity. Layers without a name are numbered within their branch, and their
        weights have names such as ``"parallel1/0/conv1/weights"``. Branches can contain `Parallel` and `Residual`
        layers, at most 8 deep.
    merge : {"concat", "add", "multiply", "mean", "max"}, default="concat"
        How the outputs are merged:

        - "concat" joins them along the channels, in the order of the branches.
        - "add", "multiply", "mean" and "max" combine values at the same position. Where branches are equal, "max"
          passes the gradient to the first of them.
        - "multiply" also accepts flat branches with one value for each channel of the other branches, which scale the
          whole channel (squeeze-and-excite, [3]_).
    activation : str, default=None
        Function applied to the result, such as "relu". `Activation` lists the names.

    Raises
    ------
    TypeError, ValueError
        When the layer is built: `branches` is not a list of lists, has fewer than two branches, is nested too deeply,
        has two layers of the same name in a branch, or a layer in it cannot be built.
    LayerShapeError
        In ``fit``, with the position of the layer: a layer does not fit its input, or the outputs of the branches
        cannot be merged.

    Notes
    -----
    Shapes: "concat" needs outputs that differ at most in the last axis, which is the sum of theirs. The other merges
    need outputs of one shape, apart from flat branches of "multiply". No parameters except those of the layers inside.

    References
    ----------
    .. [1] C. Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, https://arxiv.org/abs/1409.4842
    .. [2] G. Huang, Z. Liu, L. van der Maaten and K. Weinberger, "Densely Connected Convolutional Networks", CVPR
           2017, https://arxiv.org/abs/1608.06993
    .. [3] J. Hu, L. Shen and G. Sun, "Squeeze-and-Excitation Networks", CVPR 2018, https://arxiv.org/abs/1709.01507

    Examples
    --------
    >>> from convnet.layers import Conv2D, Dense, GlobalAvgPool2D, Parallel
    >>> mixed = Parallel([[Conv2D(16, 1)], [Conv2D(8, 1), Conv2D(32, 3, padding="same")]])
    >>> mixed.output_shape((14, 14, 64))
    (14, 14, 48)
    >>> squeeze = [GlobalAvgPool2D(), Dense(8, activation="relu"), Dense(48, activation="sigmoid")]
    >>> Parallel([[], squeeze], "multiply").output_shape((14, 14, 48))
    (14, 14, 48)
    """

    stem = "parallel"
    nested_fields: ClassVar[Mapping[str, int]] = {"branches": 2}

    branches: tuple[tuple[Layer, ...], ...] = parameter(_branches, positional=True)
    merge: str = parameter(choice(*MERGES, elsewhere=ELSEWHERE), default="concat", positional=True)
    activation: str | None = parameter(activation_name, default=None)

    if TYPE_CHECKING:  # accepts lists, and dicts in them

        def __init__(
            self,
            branches: Sequence[Sequence[Layer | dict[str, Any]]],
            merge: str = "concat",
            activation: str | None = None,
            *,
            name: str | None = None,
        ) -> None: ...

    @property
    def inner_layers(self) -> tuple[Layer, ...]:  # type: ignore[override]
        """The layers of all branches."""
        return tuple(layer for branch in self.branches for layer in branch)

    @property
    def takes(self) -> str:  # type: ignore[override]
        """The form of input that the branches take. A branch with a dense layer can flatten a map by itself."""
        required = [required_input(branch) for branch in self.branches]
        known = [form for form in required if form not in ("any", "flat")]
        return known[0] if known else "flat" if set(required) == {"flat"} else "any"

    def output_shape(self, input_shape: Shape) -> Shape:
        return _merged_shape(self.merge, self.branch_shapes(input_shape))

    def branch_shapes(self, input_shape: Shape) -> list[Shape]:
        """Return the output shape of each branch.

        Parameters
        ----------
        input_shape : tuple of int
            (height, width, channels), (length, channels) or (features,).

        Returns
        -------
        shapes : list of tuple of int
        """
        return [end_shape(branch, input_shape) for branch in self._branches(input_shape)]

    def lower(self, builder: Builder) -> None:
        lower_branches(builder, self._branches(builder.shape), self.merge)
        builder.activation(self.activation)

    def _branches(self, input_shape: Shape) -> list[list[Link]]:
        return [
            list(chain(branch, input_shape, where=f"branches[{i}]", prefix=str(i)))
            for i, branch in enumerate(self.branches)
        ]


def lower_branches(
    builder: Builder, branches: Sequence[Sequence[Link]], merge: str, *, drop_path: float = 0.0
) -> None:
    """Emit the operations of branches and of their merge.

    Parameters
    ----------
    builder : Builder
        Its current output is the input of all branches.
    branches : list of list of Link
        At least two.
    merge : str
        One of `MERGES`.
    drop_path : float, default=0.0
        Probability that the end of the first branch is dropped for a sample in training.
    """
    shapes = [end_shape(branch, builder.shape) for branch in branches]
    shape = _merged_shape(merge, shapes)
    joined = builder.new_map(shape) if merge == "concat" else None
    forks = [builder.fork() for _ in branches[1:]]
    merged, first_channel = None, 0
    factors = []  # flat branches, which scale whole channels
    for i, start in enumerate([builder.end(), *forks]):
        builder.switch(start)
        for link in branches[i]:
            builder.lower(link.name, link.layer)
        if drop_path > 0.0 and i == 0:
            key = len(builder.ops) + 1
            builder.emit("DropoutOp", rate=drop_path, key=key, unit="sample")
        end = builder.end()
        if merge == "concat":
            builder.emit("ConcatOp", shape, into=joined, first_channel=first_channel)
            first_channel += shapes[i][-1]
        elif shapes[i] != shape:
            factors.append(end)
        elif merged is None:
            merged = end
        else:
            builder.switch(merged)
            scales = merge == "mean" and i == len(branches) - 1
            options: dict[str, Any] = {"scale": 1 / len(branches)} if scales else {}
            builder.emit(OPERATIONS[merge], other=end.output, **options)
            merged = builder.end()
    if merged is not None:
        builder.switch(merged)
    for factor in factors:
        builder.emit("MultiplyOp", other=factor.output)


def _merged_shape(merge: str, shapes: Sequence[Shape]) -> Shape:
    """Return the shape of merged outputs; raise LayerShapeError if they do not fit together."""
    largest = max(shapes, key=len)
    if merge == "concat":
        fits = len({shape[:-1] for shape in shapes}) == 1
        shape = (*largest[:-1], sum(shape[-1] for shape in shapes))
    else:
        factors = (largest[-1:],) if merge == "multiply" else ()
        fits = all(one in (largest, *factors) for one in shapes)
        shape = largest
    if fits:
        return shape
    places = [f"branches[{i}]" for i in range(len(shapes))]
    listed = ", ".join(cross(shape) for shape in shapes)
    raise LayerShapeError(
        f"the outputs of its branches, {listed}, cannot be {MERGES[merge]}",
        merge_remedy(merge, dict(zip(places, shapes, strict=True))),
    )


def merge_remedy(merge: str, shapes: Mapping[str, Shape]) -> str:
    """Return what to change so that outputs of branches can be merged.

    Parameters
    ----------
    merge : str
        One of `MERGES`.
    shapes : mapping of str to tuple of int
        The shapes of the outputs by the place of the branch, for the text.
    """
    flat = [shape for shape in shapes.values() if len(shape) == 1]
    maps = {place: shape for place, shape in shapes.items() if len(shape) > 1}
    if merge == "multiply" and maps and len(set(maps.values())) == 1:
        channels = next(iter(maps.values()))[-1]
        return f"End flat branches with one value for each channel of the others: {channels}."
    if flat and maps and merge != "multiply":
        return f"End {' and '.join(maps)} with Flatten or global pooling, as the others are flat."
    among = list(maps.values()) or flat
    remedies = []
    if len({shape[:-1] for shape in among}) > 1:
        remedies.append('the same strides in all branches, and padding="same"')
    if merge != "concat" and len({shape[-1] for shape in among}) > 1:
        remedies.append("the same number of channels at the ends of all branches")
    return f"Use {'. Use '.join(remedies)}."
