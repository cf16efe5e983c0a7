"""The base classes of augmentations, and the registry of augmentations by name."""

from typing import ClassVar, TypeAlias

from convnet.engine import FILLS
from convnet.values import foreign_tables
from convnet.values.constraints import choice, parameter
from convnet.values.registry import Registry
from convnet.values.value import Value, immutable

Transform: TypeAlias = tuple[str, *tuple[float, ...]]  # (name, up to four numbers)


@immutable
class Augmentation(Value):
    """A random change of a training image: a value that can be compared, hashed, printed and stored.

    A subclass declares its fields with `parameter`, is decorated with `register`, and defines `transform`.

    Notes
    -----
    Images have shape (height, width, channels). Augmentations that move pixels are applied first, as one affine map, so
    that an image is resampled once, bilinearly. Augmentations that change values follow, and then those that mix images
    (`Mixing`). Within the first two groups, the order is that of the list. Random numbers depend on `random_state`, the
    epoch, the row of X and the position in the list, and never on the number of threads.

    Augmentations that move pixels have a `fill_mode`, which decides what lies outside the image. All of them in a
    list must have the same: "nearest" repeats the nearest pixel ``aa|abcd|dd``, "constant" is zeros as the net sees
    them ``00|abcd|00``, "reflect" mirrors the image ``ba|abcd|dc``, "wrap" repeats the image ``cd|abcd|ab``.
    """

    foreign_parameters: ClassVar = foreign_tables.AUGMENT_PARAMETERS

    def transform(self, shape: tuple[int, ...], unit: float) -> Transform:
        """Return the instruction for the engine: (name, up to four numbers), mostly (name, vertical, horizontal).

        Parameters
        ----------
        shape : tuple of int
            (height, width, channels) of the images.
        unit : float
            The whole range of values, as the net sees them.

        Returns
        -------
        transform : tuple of (str, float, ...)
            A name of `CN_TRANSFORM_LIST` and its numbers, as ``csrc/image/augment.inc.h`` defines them.

        Raises
        ------
        ValueError
            If the images are too small. The message gives the cause and the remedy.
        """
        raise TypeError(f"{type(self).__name__} does not define transform, so it cannot be applied")


@immutable
class Moving(Augmentation):
    """An augmentation that moves pixels, so that pixels from outside the image can become visible.

    Parameters
    ----------
    fill_mode : "nearest", "constant", "reflect" or "wrap", default="nearest"
        What lies outside the image: see `Augmentation`.
    """

    fill_mode: str = parameter(choice(*FILLS), default="nearest", kw_only=True)


def require_rgb(shape: tuple[int, ...]) -> None:
    """Raise ValueError unless images of shape (height, width, channels) have 3 channels."""
    if shape[2] != 3:
        found = "1 channel" if shape[2] == 1 else f"{shape[2]} channels"
        raise ValueError(
            f"the images have {found}, but it needs 3: red, green and blue. Leave it out, or pass color images."
        )


AUGMENTATIONS = Registry(
    Augmentation,
    parameter="augment",
    noun="augmentation",
    example='{"type": "RandomFlip"}',
    word="None",
    foreign=foreign_tables.AUGMENTATIONS,
)
register = AUGMENTATIONS.register
