"""Pillow: whether it is installed, and the formats that convnet reads with it."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

from convnet._extras import install_library, missing_extra

# Other formats of Pillow run programs (EPS) or are not photographs.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF", "HEIF")
EXTENSIONS = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".bmp", ".dib", ".tif", ".tiff"),
    *(".webp", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif", ".avifs", ".heic", ".heif"),
}
HEADER = 12  # bytes that name the kind of a file in the ISO base media format, such as HEIC
HEIC_BRANDS = (
    b"heic",
    b"heix",
    b"hevc",
    b"hevx",
    b"heim",
    b"heis",
    b"hevm",
    b"hevs",
    b"mif1",
    b"msf1",
)
AVIF_BRANDS = (b"avif", b"avis")


def check_pillow(who: str) -> None:
    """Raise ImportError, which says that `who` needs Pillow, if it is not installed."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise ImportError(missing_extra(who, "Pillow, which reads images", "images")) from None


def readable_formats() -> tuple[str, ...]:
    """Return those of `FORMATS` that this Pillow reads, also through pillow-heif and registered plugins."""
    from PIL import Image

    Image.init()
    if "HEIF" not in Image.OPEN:
        register_heif()
    return tuple(name for name in FORMATS if name in Image.OPEN)


@cache
def register_heif() -> None:
    """Have Pillow read HEIC files, if pillow-heif is installed. Looks for it once: a failed import is slow."""
    with suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener()


def why_unidentified(header: bytes) -> str:
    """Return why Pillow does not know an image file, worded as the end of a sentence.

    Parameters
    ----------
    header : bytes
        The beginning of the file, `HEADER` bytes; empty if the file is.
    """
    if not header:
        return "is empty"
    if header[4:8] != b"ftyp":
        return "is not an image that Pillow can read"
    brand = header[8:12]
    if brand in HEIC_BRANDS:
        return f"is a HEIC image, which needs pillow-heif: {install_library('pillow-heif')}"
    if brand in AVIF_BRANDS:
        return f"is an AVIF image, which needs Pillow 11.3 or later: {install_library('pillow', '11.3')}"
    return "is a video or another file that is not an image"


def decoder_versions() -> str:
    """Return the versions of the libraries on which the bits of a decoded image may depend."""
    import PIL
    from PIL import features

    jpeg = features.version("libjpeg_turbo") or features.version("jpg")
    versions = f"Pillow {PIL.__version__}, libjpeg {jpeg}"
    with suppress(ImportError):
        import pillow_heif

        versions += f", pillow-heif {pillow_heif.__version__}"
    return versions
