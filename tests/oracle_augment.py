"""Float64 NumPy definitions of augmentation: random numbers, the affine map, the resample, the values.

Images are mixed last, with the targets and the weights of a batch.

Written from the papers and the documentation of the specs, one pixel at a time where that is clearer.
"""

import colorsys
import itertools
from decimal import Decimal, localcontext
from math import cos, exp, floor, log, pi, radians, sin, sqrt

import numpy as np

WORD = 2**32


def philox(counter, key):
    """Return the four words that Philox4x32-10 (Salmon et al., 2011) computes from a counter and a key."""
    c0, c1, c2, c3 = counter
    k0, k1 = key % WORD, key // WORD % WORD
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = p1 // WORD ^ c1 ^ k0, p1 % WORD, p0 // WORD ^ c3 ^ k1, p0 % WORD
        k0, k1 = (k0 + 0x9E3779B9) % WORD, (k1 + 0xBB67AE85) % WORD
    return c0, c1, c2, c3


def uniforms(seed, epoch, row, number, block=0):
    """Return four random numbers in (0, 1) of transform `number` for a row of X in an epoch."""
    key = (seed + (2**32 + number) * 0x9E3779B97F4A7C15) % 2**64
    words = philox((block, row % WORD, row // WORD, epoch % WORD), key)
    return [(word + 0.5) / WORD for word in words]


def flip_map(shape, vertical, horizontal):
    h, w = shape[:2]
    return np.array(
        [
            [-1 if vertical else 1, 0, h - 1 if vertical else 0],
            [0, -1 if horizontal else 1, w - 1 if horizontal else 0],
            [0, 0, 1],
        ]
    )


def rotation_map(shape, degrees):
    """Return the matrix from output to input points, homogeneous (down, right, 1): counterclockwise as displayed."""
    a = radians(degrees)
    return _about_centre(shape, [[cos(a), sin(a)], [-sin(a), cos(a)]])


def zoom_map(shape, down, right):
    """Return the matrix of a zoom: a factor above 1 shrinks the image."""
    return _about_centre(shape, np.diag([down, right]))


def shift_map(shape, down, right):
    return np.array([[1, 0, -down], [0, 1, -right], [0, 0, 1]])


def resized_window(shape, scale, ratio, blocks):
    """Return (top, left, height, width) of the window, as in torchvision's RandomResizedCrop.get_params.

    `blocks` yields the four random numbers of each try.
    """
    height, width = shape[:2]
    for _ in range(10):
        u = next(blocks)
        area = height * width * (scale[0] + u[0] * (scale[1] - scale[0]))
        aspect = exp(log(ratio[0]) + u[1] * (log(ratio[1]) - log(ratio[0])))
        w, h = round(sqrt(area * aspect)), round(sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            return floor(u[2] * (height - h + 1)), floor(u[3] * (width - w + 1)), h, w
    if width / height < ratio[0]:
        w, h = width, max(1, round(width / ratio[0]))
    elif width / height > ratio[1]:
        w, h = max(1, round(height * ratio[1])), height
    else:
        w, h = width, height
    return (height - h) // 2, (width - w) // 2, h, w


def window_map(shape, top, left, h, w):
    """Return the matrix that enlarges a window to the whole image; edges of pixels lie on edges of pixels."""
    down, right = h / shape[0], w / shape[1]
    return np.array(
        [[down, 0, top + (down - 1) / 2], [0, right, left + (right - 1) / 2], [0, 0, 1]]
    )


def _about_centre(shape, linear):
    there, back, whole = np.eye(3), np.eye(3), np.eye(3)
    centre = (np.array(shape[:2]) - 1) / 2
    there[:2, 2], back[:2, 2], whole[:2, :2] = -centre, centre, linear
    return back @ whole @ there


def outside(image, i, j, fill):
    """Return pixel (i, j) of the image extended over the plane, by walking there one pixel at a time."""
    h, w = image.shape[:2]
    if fill == "constant" and not (0 <= i < h and 0 <= j < w):
        return np.zeros(image.shape[2])
    return image[_index(i, h, fill), _index(j, w, fill)]


def _index(i, n, fill):
    if fill == "wrap":
        return i % n
    if fill == "reflect":
        return [*range(n), *reversed(range(n))][i % (2 * n)]
    return min(max(i, 0), n - 1)


def resample(image, matrix, fill):
    """Interpolate the extended image bilinearly at the input point of every pixel."""
    result = np.empty(image.shape)
    for i, j in np.ndindex(image.shape[:2]):
        u, v, _ = matrix @ (i, j, 1)
        # a coordinate near an integer may round to either side of it: the surface is continuous
        i0, j0 = floor(u), floor(v)
        weights = {(0, 0): (1 - u + i0) * (1 - v + j0), (0, 1): (1 - u + i0) * (v - j0),
                   (1, 0): (u - i0) * (1 - v + j0), (1, 1): (u - i0) * (v - j0)}  # fmt: skip
        result[i, j] = sum(
            weight * outside(image, i0 + down, j0 + right, fill)
            for (down, right), weight in weights.items()
        )
    return result


def contrast(image, factor):
    mean = image.mean(axis=(0, 1))
    return mean + factor * (image - mean)


def saturation(image, factor):
    gray = image @ [0.299, 0.587, 0.114]
    return gray[..., None] + factor * (image - gray[..., None])


def hue(image, turn):
    """Turn the hue by a share of the circle, with the standard library's HSV, of values brought to 0..1 first."""
    result = image.copy()
    for place in np.ndindex(image.shape[:2]):
        least, most = image[place].min(), image[place].max()
        if most > least:
            h, s, v = colorsys.rgb_to_hsv(*(image[place] - least) / (most - least))
            result[place] = least + (most - least) * np.array(
                colorsys.hsv_to_rgb((h + turn) % 1, s, v)
            )
    return result


def cutout(image, size, centre):
    result = image.copy()
    top, left = centre[0] - size[0] // 2, centre[1] - size[1] // 2
    for i, j in np.ndindex(image.shape[:2]):
        if top <= i < top + size[0] and left <= j < left + size[1]:
            result[i, j] = 0
    return result


def drawn(one, shape, blocks, unit=1.0):
    """Return what an augmentation does with its random numbers: a matrix, or a function of the image.

    `blocks` yields them in blocks of four.
    """
    kind, (h, w) = type(one).__name__, shape[:2]
    if kind == "RandomResizedCrop":
        return window_map(shape, *resized_window(shape, one.scale, one.ratio, blocks))
    u = next(blocks)
    r = [2 * x - 1 for x in u]
    pair = lambda value: value if isinstance(value, tuple) else (value, value)  # noqa: E731
    if kind == "RandomFlip":
        odds = {"horizontal": (0, 0.5), "vertical": (0.5, 0), "both": (0.5, 0.5)}[one.mode]
        return flip_map(shape, u[0] < odds[0], u[1] < odds[1])
    if kind == "RandomRotation":
        return rotation_map(shape, r[0] * one.degrees)
    if kind == "RandomTranslation":
        down, right = pair(one.factor)
        return shift_map(shape, r[0] * down * h, r[1] * right * w)
    if kind == "RandomCrop":
        down, right = pair(one.padding)
        return shift_map(
            shape, down - floor(u[0] * (2 * down + 1)), right - floor(u[1] * (2 * right + 1))
        )
    if kind == "RandomZoom":
        down, right = pair(one.factor)
        both = (r[0] * down, (r[1] if isinstance(one.factor, tuple) else r[0]) * right)
        return zoom_map(shape, 1 + both[0], 1 + both[1])
    if kind == "RandomContrast":
        return lambda image: contrast(image, 1 + r[0] * one.factor)
    if kind == "RandomBrightness":
        return lambda image: image + r[0] * one.factor * unit
    if kind == "RandomSaturation":
        return lambda image: saturation(image, 1 + r[0] * one.factor)
    if kind == "RandomHue":
        return lambda image: hue(image, r[0] * one.factor)
    return lambda image: cutout(image, pair(one.size), (floor(u[0] * h), floor(u[1] * w)))


def _blocks(*key):
    return (uniforms(*key, block) for block in itertools.count())


def augment(image, augmentations, *, seed, epoch, row, unit=1.0):
    """Return the image that training sees: one resample by the product of all maps, then the changes of values."""
    image = np.asarray(image, dtype=np.float64)
    alone = [(number, one) for number, one in enumerate(augmentations) if not mixes(one)]
    does = [
        drawn(one, image.shape, _blocks(seed, epoch, row, number), unit) for number, one in alone
    ]
    matrix, fill = np.eye(3), "nearest"
    for (_, one), what in zip(alone, does, strict=True):
        fill = getattr(one, "fill_mode", fill)
        if not callable(what):
            matrix = matrix @ what  # the first is the last that a point goes through
    image = resample(image, matrix, fill)
    for what in does:
        if callable(what):
            image = what(image)
    return image


def mixes(one):
    return type(one).__name__ in ("MixUp", "CutMix")


def symmetric_beta(alpha, u, v):
    """Return a number from Beta(alpha, alpha) made of two uniform ones, with 60 digits.

    t has Student's distribution with 2 alpha degrees of freedom (Bailey, 1994), and (1 + t / sqrt(2 alpha + t^2)) / 2
    that beta distribution (Devroye, 1996).
    """
    with localcontext(prec=60, Emin=-(10**15), Emax=10**15):
        power = (Decimal(u).ln() / Decimal(alpha)).exp()
        c = Decimal(cos(2 * pi * v))
        t2 = 2 * Decimal(alpha) * (1 / power - 1) * c * c
        ratio = (t2 / (2 * Decimal(alpha) + t2)).sqrt()
        return float((1 + ratio.copy_sign(c)) / 2)


def mixing(augmentations, shape, n, *, seed, epoch, row):
    """Return (partner, share of the sample, pixels that are the partner's or None) for a sample of a batch of n."""
    mixers = [(number, one) for number, one in enumerate(augmentations) if mixes(one)]
    number = mixers[0][0]
    u = uniforms(seed, epoch, row, number)
    partner, one = floor(u[0] * n), mixers[floor(u[1] * len(mixers))][1]
    share = symmetric_beta(one.alpha, u[2], u[3])
    if type(one).__name__ == "MixUp":
        return partner, share, None
    height, width = shape[:2]
    size = floor(height * sqrt(1 - share)), floor(width * sqrt(1 - share))
    u = uniforms(seed, epoch, row, number, 1)
    kept = cutout(np.ones((height, width)), size, (floor(u[0] * height), floor(u[1] * width)))
    return partner, kept.mean(), kept == 0


def mixed_images(images, draws):
    """Return the mixed images of a batch, from its augmented images and the draws of `mixing`."""
    result = images.copy()
    for i, (partner, share, pixels) in enumerate(draws):
        if pixels is None:
            result[i] = share * images[i] + (1 - share) * images[partner]
        else:
            result[i][pixels] = images[partner][pixels]
    return result


def mixed_targets(y, weight, draws):
    """Return the targets, weights and shares of mixed samples; y holds numbers or probabilities, (n, k)."""
    partner = np.array([draw[0] for draw in draws])
    own = np.array([draw[1] for draw in draws])
    own[partner == np.arange(len(own))] = 1.0
    weights = own * weight + (1 - own) * weight[partner]
    share = own * weight / weights
    return share[:, None] * y + (1 - share)[:, None] * y[partner], weights, share
