"""Synthetic pictures, PNG files of every kind, and float64 definitions of how a picture is fitted to a size."""

import struct
import zlib

import numpy as np


def picture(seed, height, width, channels=3):
    """Return pixels of blocks and noise, uint8 (height, width, channels), or (height, width) for one channel."""
    rng = np.random.default_rng(seed)
    shape = (-(-height // 8), -(-width // 8), channels)
    blocks = np.kron(rng.integers(0, 200, shape), np.ones((8, 8, 1), int))[:height, :width]
    pixels = (blocks + rng.integers(0, 56, blocks.shape)).astype(np.uint8)
    return pixels if channels > 1 else pixels[..., 0]


def png(pixels, *, transparent=None, size=None):
    """Return a PNG file of uint8 or uint16 (h, w, c), c of 1 to 4; `size` (h, w) in its header instead of the true one.

    `transparent` is the colour that is, a tuple of c numbers.
    """
    pixels = np.asarray(pixels)
    h, w, c = pixels.shape
    rows = pixels.astype(pixels.dtype.newbyteorder(">")).reshape(h, -1).view(np.uint8)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[c]
    header = struct.pack(
        ">IIBBBBB", *(size or (h, w))[::-1], 8 * pixels.itemsize, colour_type, *[0] * 3
    )
    chunks = [(b"IHDR", header)]
    if transparent is not None:
        chunks.append((b"tRNS", struct.pack(f">{c}H", *transparent)))
    chunks += [(b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def resampled(image, interval_y, interval_x, height, width):
    """Return area means, or linear interpolation, of part of an image: float64 (height, width, c)."""
    rows = axis_weights(image.shape[0], *interval_y, height)
    columns = axis_weights(image.shape[1], *interval_x, width)
    return np.einsum("ih,hwc,jw->ijc", rows, image.astype(np.float64), columns, optimize=True)


def axis_weights(size, lo, hi, n):
    """Return the weight of each of `size` pixels in each of n outputs over [lo, hi): float64 (n, size)."""
    step, weights = (hi - lo) / n, np.zeros((n, size))
    pixel = np.arange(size)
    for i in range(n):
        if step >= 1:
            begin, end = lo + i * step, lo + (i + 1) * step
            weights[i] = np.clip(np.minimum(end, pixel + 1) - np.maximum(begin, pixel), 0, None)
            weights[i] /= step
        else:
            centre = np.clip(lo + (i + 0.5) * step - 0.5, 0, size - 1)
            weights[i] = np.clip(1 - np.abs(pixel - centre), 0, None)
    return weights


def cropped(height, width, to_height, to_width):
    """Return the largest part with the given proportions, from a whole pixel on: ((y0, y1), (x0, x1))."""
    if width * to_height > height * to_width:  # too wide
        part = height * to_width / to_height
        left = np.floor((width - part) / 2)
        return (0, height), (left, left + part)
    part = width * to_height / to_width
    top = np.floor((height - part) / 2)
    return (top, top + part), (0, width)


def fitted(image, height, width, fit):
    """Return the pixels as `load_images` fits them: float64 (height, width, c)."""
    h, w, c = image.shape
    if fit == "crop":
        return resampled(image, *cropped(h, w, height, width), height, width)
    if fit == "stretch":
        return resampled(image, (0, h), (0, w), height, width)
    scale = min(height / h, width / w)
    inner = max(1, round(h * scale)), max(1, round(w * scale))
    out, top, left = np.zeros((height, width, c)), (height - inner[0]) // 2, (width - inner[1]) // 2
    out[top : top + inner[0], left : left + inner[1]] = resampled(image, (0, h), (0, w), *inner)
    return out
