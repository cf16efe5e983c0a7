"""The plan of an augmentation: specs + shape of the images, with every number fixed and every error found."""

from collections.abc import Sequence
from dataclasses import dataclass

from convnet.augment.base import Augmentation, Moving


@dataclass(frozen=True)
class AugmentPlan:
    """What the engine does to each training image.

    Parameters
    ----------
    transforms : tuple of (str, float, float)
        See `Augmentation.transform`.
    fill : str
        The fill mode of the one resample that all moves are composed to.
    """

    transforms: tuple[tuple[str, float, float], ...]
    fill: str


def plan_augment(
    augment: Sequence[Augmentation], shape: tuple[int, ...], unit: float = 1.0
) -> AugmentPlan | None:
    """Return the plan of a list of augmentations, or None where there are none.

    Parameters
    ----------
    augment : sequence of Augmentation
    shape : tuple of int
        (height, width, channels), or (features,) for a table, which is refused.
    unit : float, default=1.0
        The whole range of values, as the net sees them.

    Raises
    ------
    ValueError
        Naming the augmentation, the cause and the remedy.
    """
    if not augment:
        return None
    if len(shape) != 3:
        needs = f"augment[0] {augment[0]!r} needs images, but X"
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
            raise ValueError(f"augment[{i}] {one!r}: {error}") from None
    return AugmentPlan(tuple(transforms), _fill(augment))


def _fill(augment: Sequence[Augmentation]) -> str:
    """Return the fill mode that all moves agree on."""
    moving = [(i, one) for i, one in enumerate(augment) if isinstance(one, Moving)]
    for i, one in moving[1:]:
        first, other = moving[0]
        if one.fill_mode != other.fill_mode:
            raise ValueError(
                f"augment[{i}] has fill_mode {one.fill_mode!r} but augment[{first}] {other.fill_mode!r}: "
                "all moves are one resample, which fills in one way. Give them the same fill_mode."
            )
    return moving[0][1].fill_mode if moving else "nearest"
