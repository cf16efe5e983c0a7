"""The base of all augmentations."""

from convnet.augment.fields import fill_mode, parameter
from convnet.values.value import Value, immutable


@immutable
class Augmentation(Value):
    """A random change of a training image: a value that can be compared, hashed, printed and stored.

    A subclass declares its fields with `parameter`, is decorated with `register`, and gives `transform`.

    Notes
    -----
    Images are (height, width, channels). A list is applied in its order, but first all that move pixels, as one affine
    map, so that an image is resampled once, bilinearly; then those that change values. Random numbers follow from
    `random_state`, the epoch, the row of X and the position in the list, whatever the number of threads.

    Those that move pixels have a `fill_mode`, which says what lies outside of the image, and all of a list must
    have the same: "nearest" the nearest pixel ``aa|abcd|dd``, "constant" zeros as the net sees them ``00|abcd|00``,
    "reflect" the image reflected ``ba|abcd|dc``, "wrap" the image repeated ``cd|abcd|ab``.
    """

    def transform(self, shape: tuple[int, ...], unit: float) -> tuple[str, float, float]:
        """Return what the engine is to do: (name, vertical, horizontal).

        Parameters
        ----------
        shape : tuple of int
            (height, width, channels) of the images.
        unit : float
            The whole range of values, as the net sees them.

        Returns
        -------
        transform : tuple of (str, float, float)
            A name of `CN_TRANSFORM_LIST` and its two numbers, as ``csrc/image/augment.inc.h`` defines them.

        Raises
        ------
        ValueError
            With the cause and the remedy, if the images are too small for it.
        """
        raise TypeError(f"{type(self).__name__} has no transform: it changes nothing by itself")


@immutable
class Moving(Augmentation):
    """An augmentation that moves pixels, so that some come from outside of the image.

    Parameters
    ----------
    fill_mode : "nearest", "constant", "reflect" or "wrap", default="nearest"
        What lies outside of the image: see `Augmentation`.
    """

    fill_mode: str = parameter(fill_mode, default="nearest", kw_only=True)
