"""Pillow, where it is installed, and the files that it reads."""

from __future__ import annotations

# Formats that are read. Others of Pillow's run programs (EPS), or are no photographs.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF", "HEIF")
ENDINGS = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".bmp", ".dib", ".tif", ".tiff"),
    *(".webp", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif", ".avifs", ".heic", ".heif"),
}


def check_pillow(who: str) -> None:
    """Raise ImportError, naming `who` needs it, where Pillow is not installed."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise ImportError(
            f'{who} needs Pillow, which reads images: pip install "convnet[images]"'
        ) from None


def plugins() -> tuple[str, ...]:
    """Return those of `FORMATS` that this Pillow reads, with what plugins of a user's own registered before."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def releases() -> str:
    """Return the releases that the bits of a decoded picture may depend on."""
    import PIL
    from PIL import features

    jpeg = features.version("libjpeg_turbo") or features.version("jpg")
    return f"Pillow {PIL.__version__}, libjpeg {jpeg}"
