"""Pillow: whether it is installed, and the formats that convnet reads with it."""

from __future__ import annotations

from convnet._extras import missing_extra

# Other formats of Pillow run programs (EPS) or are not photographs.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF", "HEIF")
EXTENSIONS = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".bmp", ".dib", ".tif", ".tiff"),
    *(".webp", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif", ".avifs", ".heic", ".heif"),
}


def check_pillow(who: str) -> None:
    """Raise ImportError, which says that `who` needs Pillow, if it is not installed."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise ImportError(missing_extra(who, "Pillow, which reads images", "images")) from None


def readable_formats() -> tuple[str, ...]:
    """Return those of `FORMATS` that this Pillow reads, also through plugins that the user has registered."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def decoder_versions() -> str:
    """Return the versions of the libraries on which the bits of a decoded image may depend."""
    import PIL
    from PIL import features

    jpeg = features.version("libjpeg_turbo") or features.version("jpg")
    return f"Pillow {PIL.__version__}, libjpeg {jpeg}"
