"""AugmentPlan: an augmentation as instructions for the engine, checked against the shape of the images."""

from collections.abc import Sequence
from dataclasses import dataclass

from convnet.augment.base import Augmentation, Moving, Transform
from convnet.engine import TRANSFORMS
from convnet.values.messages import show

MIXING = TRANSFORMS[TRANSFORMS.index("mixup") :]  # names of the transforms that mix samples


@dataclass(frozen=True)
class AugmentPlan:
    """The instructions for the engine, applied to each training image.

    Parameters
    ----------
    transforms : tuple of (str, float, ...)
        See `Augmentation.transform`.
    fill : str
        The fill mode of the single resampling that all moves are combined into.
    """

    transforms: tuple[Transform, ...]
    fill: str

    @property
    def mixes(self) -> bool:
        """Whether samples of a batch are mixed."""
        return any(name in MIXING for name, *_ in self.transforms)

    @property
    def stages(self) -> tuple[str, ...]:
        """The kernel stages that read and change the images of a batch."""
        return ("augment", "mix") if self.mixes else ("augment",)


def plan_augment(
    augment: Sequence[Augmentation], shape: tuple[int, ...], unit: float = 1.0
) -> AugmentPlan | None:
    """Return the plan of a list of augmentations, or None if the list is empty.

    Parameters
    ----------
    augment : sequence of Augmentation
        In the order of the list.
    shape : tuple of int
        (height, width, channels). Shapes of signals and of tables raise.
    unit : float, default=1.0
        The whole range of values, as the net sees them.

    Raises
    ------
    ValueError
        If the images do not suit an augmentation. The message names it, the cause and the remedy.
    """
    if not augment:
        return None
    if len(shape) != 3:
        needs = f"augment[0] {show(augment[0])} needs images, but X"
        if len(shape) == 2:
            raise ValueError(f"{needs} holds signals. Set augment=None.")
        raise ValueError(
            f"{needs} is 2-D with {shape[0]} features. "
            "Set input_shape, e.g. (28, 28, 1), or augment=None."
        )
    transforms = []
    for i, one in enumerate(augment):
        try:
            transforms.append(one.transform(shape, unit))
        except ValueError as error:
            raise ValueError(f"augment[{i}] {show(one)}: {error}") from None
    return AugmentPlan(tuple(transforms), _fill(augment))


def _fill(augment: Sequence[Augmentation]) -> str:
    """Return the fill mode that all augmentations that move pixels have in common."""
    moving = [(i, one) for i, one in enumerate(augment) if isinstance(one, Moving)]
    for i, one in moving[1:]:
        first, other = moving[0]
        if one.fill_mode != other.fill_mode:
            raise ValueError(
                f"augment[{i}] has fill_mode {one.fill_mode!r} but augment[{first}] {other.fill_mode!r}. "
                "They are combined into one resampling. Give them the same fill_mode."
            )
    return moving[0][1].fill_mode if moving else "nearest"
