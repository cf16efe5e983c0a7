"""What becomes of the pixels of one file."""

import io

import numpy as np
import pytest
from hypothesis import given, strategies as st
from images import axis_weights, fitted, picture, png, resampled
from PIL import Image, ImageOps

from convnet.data import ImageReader
from convnet.data.images._resample import resample

ROUNDED = 0.51  # half a level, and what float32 sums add


def read(image, size, fit="crop", channels=3, **options):
    """One image through `ImageReader`: a Pillow image saved as PNG, or the bytes of a file."""
    if isinstance(image, Image.Image):
        file = io.BytesIO()
        image.save(file, **({"format": "PNG"} | options))
        image = file.getvalue()
    reader = ImageReader(size, channels=channels, fit_mode=fit)
    return reader.transform([io.BytesIO(image)])[0]


sides = st.integers(1, 40)


@given(sides, sides, sides, sides, st.sampled_from([1, 3, 4]), st.data())
def test_resampling_averages_areas(h, w, height, width, c, data):
    image = picture(h + w, h, w, max(c, 2))[..., :c].copy()
    fractions = st.floats(0, 1, allow_subnormal=False)
    intervals = []
    for side in (h, w):
        lo, hi = sorted(side * data.draw(fractions) for _ in range(2))
        intervals.append((lo, hi) if hi - lo > 0.01 else (0.0, float(side)))
    out = np.empty((height, width, c), np.uint8)
    resample(image, *intervals, out)
    wanted = resampled(image, *intervals, height, width)
    assert abs(out - wanted).max() <= ROUNDED


def test_weights_of_the_definition():
    assert np.allclose(axis_weights(5, 0, 5, 2), [[0.4, 0.4, 0.2, 0, 0], [0, 0, 0.2, 0.4, 0.4]])
    assert np.allclose(axis_weights(2, 0, 2, 4), [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])


@pytest.mark.parametrize("level", [0, 1, 127, 254, 255])
@pytest.mark.parametrize("shape", [(1, 1), (999, 1001), (7, 3)])
def test_an_even_surface_stays_even(level, shape):
    image = Image.fromarray(np.full((*shape, 3), level, np.uint8))
    for fit in ("crop", "stretch"):
        assert (read(image, (13, 17), fit) == level).all()


def test_resample_refuses_what_is_outside():
    image, out = np.zeros((4, 4, 3), np.uint8), np.zeros((2, 2, 3), np.uint8)
    for intervals in (((0, 5), (0, 4)), ((-1, 3), (0, 4)), ((2, 2), (0, 4)), ((0, 4), (3, 1))):
        with pytest.raises(ValueError, match="is not inside"):
            resample(image, *intervals, out)
    with pytest.raises(ValueError, match="channels differ"):
        resample(image[..., :1].copy(), (0, 4), (0, 4), out)


@given(sides, sides, sides, sides, st.sampled_from(["crop", "pad", "stretch"]))
def test_fits(h, w, height, width, fit):
    pixels = picture(h * w, h, w)
    out = read(Image.fromarray(pixels), (height, width), fit)
    assert abs(out - fitted(pixels, height, width, fit)).max() <= ROUNDED


def columns(n):
    """A picture of one row whose values are the numbers of the columns."""
    return np.arange(n, dtype=np.uint8)[None, :, None].repeat(3, axis=2)


def test_crop_takes_the_middle_to_the_pixel():
    pixels = columns(9).repeat(4, axis=0)
    assert read(Image.fromarray(pixels), 4)[0, :, 0].tolist() == [2, 3, 4, 5]  # odd pixel cut last
    assert read(Image.fromarray(pixels), 2)[0, :, 0].tolist() == [3, 5]  # 2.5 and 4.5, halves up
    tall = read(Image.fromarray(pixels.swapaxes(0, 1)), 4)
    assert tall[:, 0, 0].tolist() == [2, 3, 4, 5]


def test_pad_leaves_black_margins():
    pixels = np.full((4, 8, 3), 200, np.uint8)
    out = read(Image.fromarray(pixels), (8, 9), "pad")
    # 4×8 becomes round(4.5) = 4 × 9
    assert (out.any(axis=(1, 2))).tolist() == [False] * 2 + [True] * 4 + [False] * 2
    assert (out[2:6] == 200).all()
    out = read(Image.fromarray(pixels), (7, 8), "pad")  # 3 rows to share: the odd one last
    assert (out.any(axis=(1, 2))).tolist() == [False] + [True] * 4 + [False] * 2
    assert read(Image.fromarray(columns(200)), (3, 10), "pad").any(axis=(1, 2)).tolist() == [
        False,
        True,
        False,
    ]


def test_stretch_shows_all():
    out = read(Image.fromarray(columns(8).repeat(2, axis=0)), (6, 4), "stretch")
    assert out[:, :, 0].tolist() == [[1, 3, 5, 7]] * 6  # 0.5, 2.5, 4.5, 6.5


def test_a_picture_of_the_size_is_unchanged():
    pixels = picture(0, 31, 17)
    for fit in ("crop", "pad", "stretch"):
        assert np.array_equal(read(Image.fromarray(pixels), (31, 17), fit), pixels)


# what the EXIF standard says of row 0 and column 0 of the stored picture: where they are to be seen
SEEN = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def turned(pixels, orientation):
    """A stored picture as it is to be seen, each pixel put where the standard says."""
    row, column = SEEN[orientation]
    h, w, c = pixels.shape
    swap = row in ("left", "right")
    out = np.zeros((w, h, c) if swap else (h, w, c), np.uint8)
    for i in range(h):
        for j in range(w):
            at = {row: i, column: j}
            y = at["top"] if "top" in at else out.shape[0] - 1 - at["bottom"]
            x = at["left"] if "left" in at else out.shape[1] - 1 - at["right"]
            out[y, x] = pixels[i, j]
    return out


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", SEEN)
def test_orientation(orientation, format, fit):
    pixels, exif = picture(3, 21, 34), Image.Exif()
    exif[0x0112] = orientation
    out = read(Image.fromarray(pixels), (8, 11), fit, format=format, exif=exif)
    assert abs(out - fitted(turned(pixels, orientation), 8, 11, fit)).max() <= ROUNDED
    seen = ImageOps.exif_transpose(Image.fromarray(pixels))  # the other definition, Pillow's
    assert np.array_equal(np.asarray(seen), pixels)
    image = Image.fromarray(pixels)
    image.getexif()[0x0112] = orientation
    assert np.array_equal(np.asarray(ImageOps.exif_transpose(image)), turned(pixels, orientation))
    assert np.array_equal(ImageReader((8, 11), fit_mode=fit).transform([image])[0], out)


@pytest.mark.parametrize("orientation", SEEN)
@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_orientation_of_a_reduced_decoding(orientation, fit):
    """203 and 331 are odd, so the last pixels of the reduced picture cover less than the others."""
    smooth = Image.fromarray(picture(4, 4, 6)).resize((331, 203), Image.Resampling.BICUBIC)
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    smooth.save(file, "JPEG", quality=95, subsampling=0, exif=exif)
    whole = np.asarray(Image.open(file).convert("RGB"))
    out = read(file.getvalue(), (9, 13), fit)
    assert abs(out - fitted(turned(whole, orientation), 9, 13, fit)).max() <= 1.1


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_orientations_that_there_are_not(orientation):
    pixels, exif = picture(3, 5, 7), Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(read(Image.fromarray(pixels), (5, 7), exif=exif), pixels)


def photograph(seed, h, w):
    """Pixels with the spectrum of photographs, 1/f, uint8 (h, w, 3)."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.fftfreq(w)[None, :])
    frequency[0, 0] = 1
    noise = rng.standard_normal((h, w, 3))
    waves = np.fft.ifft2(np.fft.fft2(noise, axes=(0, 1)) / frequency[..., None], axes=(0, 1)).real
    return np.clip(128 + 45 * waves / waves.std(), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
@pytest.mark.parametrize("side", [24, 48, 96])
def test_a_reduced_decoding_is_close_to_the_mean(side, subsampling):
    """The error that `load_images` states: below 1 where a JPEG file is reduced, and the rounding alone where not."""
    file = io.BytesIO()
    Image.fromarray(photograph(side, 600, 800)).save(file, "JPEG", subsampling=subsampling)
    whole = np.asarray(Image.open(file).convert("RGB"))
    error = read(file.getvalue(), side) - fitted(whole, side, side, "crop")
    if 600 / side >= 8:
        assert abs(error).max() > ROUNDED  # it is reduced
        assert np.sqrt((error**2).mean()) < 0.7
    else:
        assert abs(error).max() <= ROUNDED


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("size", [12, (300, 400)])
@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_bands(fit, size, orientation, monkeypatch):
    """A large picture is resampled in bands of rows, here of a few, with the same result."""
    pixels, exif = picture(7, 211, 157), Image.Exif()
    exif[0x0112] = orientation
    whole = read(Image.fromarray(pixels), size, fit, exif=exif)
    monkeypatch.setattr("convnet.data.images.resizing.BAND_PIXELS", 3000)
    same(read(Image.fromarray(pixels), size, fit, exif=exif), whole, 1)
    wanted = fitted(turned(pixels, orientation), *np.broadcast_to(size, 2), fit)
    assert abs(read(Image.fromarray(pixels), size, fit, exif=exif) - wanted).max() <= ROUNDED


# kinds of pixels


def same(out, wanted, tolerance=0):
    assert abs(out.astype(int) - np.asarray(wanted).astype(int)).max() <= tolerance


def test_gray():
    pixels = picture(1, 9, 9)
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    same(read(Image.fromarray(pixels), 9, channels=1)[..., 0], np.round(luma), 1)
    gray = picture(1, 9, 9, 1)
    same(read(Image.fromarray(gray), 9, channels=1)[..., 0], gray)
    same(read(Image.fromarray(gray), 9), np.repeat(gray[..., None], 3, axis=2))


def test_gray_jpeg():
    pixels = photograph(1, 40, 40)
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    out = read(Image.fromarray(pixels), 40, channels=1, format="JPEG", quality=98)
    same(out[..., 0], np.round(luma), 4)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bits(channels):
    values = np.random.default_rng(0).integers(0, 2**16, (5, 6, channels)).astype(np.uint16)
    out = read(png(values), (5, 6))
    upper = values >> 8
    if channels in (2, 4):  # on white
        alpha = upper[..., -1:] / 255
        same(out, np.round(upper[..., :-1] * alpha + 255 * (1 - alpha)) + np.zeros((5, 6, 3)), 1)
    else:
        same(out, upper + np.zeros((5, 6, 3), int))


def test_16_bits_with_a_transparent_value():
    values = np.array([[[1000], [2000], [65535]]], np.uint16)
    assert read(png(values, transparent=(2000,)), (1, 3))[0, :, 0].tolist() == [3, 255, 255]


def test_16_bits_in_other_files(tmp_path):
    values = np.array([[0, 256, 65535, 40000]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.tif")
    (tmp_path / "a.pgm").write_bytes(b"P5 4 1 65535\n" + values.astype(">u2").tobytes())
    for name in ("a.tif", "a.pgm"):
        out = ImageReader((1, 4), channels=1).transform([tmp_path / name])
        assert out.ravel().tolist() == [0, 1, 255, 156]


def test_transparency_is_laid_on_white():
    pixels = np.zeros((1, 4, 4), np.uint8)
    pixels[0, :, 0] = 200
    pixels[0, :, 3] = [0, 51, 204, 255]
    wanted = [[255, 255, 255], [244, 204, 204], [211, 51, 51], [200, 0, 0]]
    same(read(png(pixels), (1, 4))[0], wanted, 1)
    gray = np.array([[[100, 0], [100, 255]]], np.uint8)
    same(read(png(gray), (1, 2))[0, :, 0], [255, 100])
    same(read(png(gray), (1, 2), channels=1)[0, :, 0], [255, 100])
    rgb = np.array([[[1, 2, 3], [1, 2, 4]]], np.uint8)
    same(read(png(rgb, transparent=(1, 2, 3)), (1, 2))[0], [[255] * 3, [1, 2, 4]])


@pytest.mark.parametrize("transparency", [1, bytes([255, 0])])
def test_palette_with_transparency(transparency):
    image = Image.fromarray(np.array([[0, 1, 1, 0]], np.uint8)).convert("P")
    image.putpalette([10, 20, 30, 200, 0, 0])
    same(read(image, (1, 4))[0], [[10, 20, 30], [200, 0, 0], [200, 0, 0], [10, 20, 30]])
    out = read(image, (1, 4), transparency=transparency)
    same(out[0], [[10, 20, 30], [255] * 3, [255] * 3, [10, 20, 30]])


def test_one_bit():
    bits = np.array([[True, False, True]])
    assert read(Image.fromarray(bits), (1, 3), channels=1).ravel().tolist() == [255, 0, 255]


@pytest.mark.parametrize(
    ("ink", "color"),
    [
        ((0, 255, 255, 0), (255, 0, 0)),
        ((255, 0, 255, 0), (0, 255, 0)),
        ((0, 0, 0, 0), (255, 255, 255)),
        ((0, 0, 0, 255), (0, 0, 0)),
        ((0, 0, 0, 128), (127, 127, 127)),
    ],
)
def test_cmyk(ink, color):
    out = read(Image.new("CMYK", (16, 16), ink), 8, format="JPEG", quality=95)
    same(out, np.zeros((8, 8, 3)) + color, 3)


def test_first_picture_of_an_animation():
    frames = [Image.new("RGB", (6, 4), color) for color in ((200, 0, 0), (0, 200, 0))]
    for format in ("GIF", "PNG", "TIFF"):
        out = read(frames[0], (4, 6), format=format, save_all=True, append_images=frames[1:])
        same(out, np.broadcast_to((200, 0, 0), (4, 6, 3)))
    clear = Image.fromarray(np.array([[0, 1]], np.uint8)).convert("P")
    clear.putpalette([10, 20, 30, 40, 50, 60])
    same(read(clear, (1, 2), format="GIF", transparency=1)[0], [[10, 20, 30], [255] * 3])


def test_one_pixel():
    same(read(Image.new("RGB", (1, 1), (1, 2, 3)), (4, 5)), np.broadcast_to((1, 2, 3), (4, 5, 3)))


@pytest.mark.parametrize(("bits", "warns"), [(12, True), (13, True), (14, False), (16, False)])
def test_few_bits_of_sixteen(tmp_path, bits, warns):
    """Cameras and scanners write 12 bits into files with 16. Their upper 8 bits are nearly black."""
    values = np.linspace(0, 2**bits - 1, 64).astype(np.uint16).reshape(8, 8)
    Image.fromarray(values).save(tmp_path / "gray.png")
    reader = ImageReader(size=8, channels=1)
    if not warns:
        reader.transform([str(tmp_path / "gray.png")])
        return
    message = (
        rf"seem to have {bits} bits.*{2 ** (bits - 8)} levels are left.*rescale=1/{2**bits - 1}"
    )
    with pytest.warns(UserWarning, match=message):
        reader.transform([str(tmp_path / "gray.png")])
