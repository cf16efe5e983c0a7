"""Files that are not as they should be: each is read right, or left out with a reason and the rest kept."""

import io
import warnings

import numpy as np
import pytest
from image_folders import JPEG, PNG, SIZE, bytes_of, check, fill
from images import picture, png
from PIL import Image

from convnet.data import ImageError, ImageFolder, ImageReader, load_images

GIF = bytes_of(Image.fromarray(picture(0, 30, 30)), "GIF")
BMP = bytes_of(Image.fromarray(picture(0, 30, 30)), "BMP")
TIFF = bytes_of(Image.fromarray(picture(0, 30, 30).astype(np.float32)[..., 0]), "TIFF")
BAD = {
    "cut.jpg": (JPEG[: len(JPEG) // 2], "is damaged: "),
    "lacks two bytes.jpg": (JPEG[:-2], "is damaged: image file is truncated"),
    "zeros follow.jpg": (JPEG + bytes(10), None),  # as some cameras write them
    "more follows.jpg": (JPEG + b"more" * 50, None),
    "cut.png": (PNG[: len(PNG) // 2], "is damaged: "),
    "cut.gif": (GIF[: len(GIF) // 2], "is damaged: "),
    "cut.bmp": (BMP[: len(BMP) // 2], "is damaged: "),
    "header only.png": (PNG[:33], "is "),
    "half a header.png": (PNG[:20], "is "),
    "empty.jpg": (b"", "is empty"),
    "text.jpg": (b"This is no picture.\n" * 50, "is not an image that Pillow can read"),
    "script.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not an image that"),
    "bomb.png": (png(picture(0, 2, 2), size=(50000, 50000)), "has more than the limit"),
    "floats.tif": (TIFF, "has 32-bit pixels, whose range is not known"),
    "named wrong.png": (JPEG, None),
}


@pytest.mark.parametrize("name", BAD)
def test_files(tmp_path, good, name):
    fill(tmp_path)
    data, reason = BAD[name]
    (tmp_path / "cat" / name).write_bytes(data)
    if reason is None:
        check(tmp_path, good, also=[name])
        return
    check(tmp_path, good, f"{name} {reason}")
    with pytest.raises(ImageError, match=f"^ImageReader: .*{name} {reason}"):
        ImageReader(SIZE).transform([tmp_path / "cat" / name])


@pytest.mark.parametrize(
    ("name", "image", "options"),
    [
        ("16 bits.png", Image.fromarray(np.full((9, 9), 51400, np.uint16)), {}),
        ("cmyk.jpg", Image.new("CMYK", (9, 9), (55, 55, 55, 0)), {"quality": 100}),
        ("palette.png", Image.new("P", (9, 9), 0), {"transparency": 1}),
        ("pixel.png", Image.new("RGB", (1, 1), (200, 200, 200)), {}),
        ("alpha.png", Image.new("RGBA", (9, 9), (200, 200, 200, 255)), {}),
        ("moves.gif", Image.new("L", (9, 9), 200), {"append_images": [Image.new("L", (9, 9), 3)]}),
    ],
)
def test_files_that_are_right(tmp_path, good, name, image, options):
    fill(tmp_path)
    if image.mode == "P":
        image.putpalette([200, 200, 200, 1, 2, 3])
    image.save(
        tmp_path / "dog" / name, **options, **{"save_all": True} if name[-3:] == "gif" else {}
    )
    images = check(tmp_path, good, also=[name])
    (row,) = [i for i, path in enumerate(images.filenames) if path.endswith(name)]
    assert abs(images.data[row].astype(int) - 200).max() <= 1 and images.target[row] == 1


def test_all_at_once(tmp_path, good):
    """Names are in order, three of them in the warning; `skipped` has all."""
    fill(tmp_path)
    bad = sorted(name for name, (_, reason) in BAD.items() if reason)
    for name, (data, _) in BAD.items():
        (tmp_path / "cat" / name).write_bytes(data)
    fine = [name for name in BAD if name not in bad]
    images = check(tmp_path, good, *(f"{name} {BAD[name][1]}" for name in bad), also=fine)
    with pytest.warns(UserWarning) as caught:
        load_images(tmp_path, SIZE)
    (message,) = [str(w.message) for w in caught if "skipped" in str(w.message)]
    assert all(str(skipped) in message for skipped in images.skipped[:3])
    assert f"; and {len(bad) - 3} more." in message and bad[3] not in message
    assert caught[-1].filename == __file__


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("pixels", [89_478_486, 178_956_972])
def test_bombs_are_refused_by_their_header(tmp_path, good, pixels):
    """Above Pillow's limit, of which it warns, and above twice that, which it refuses."""
    fill(tmp_path)
    side = int(np.ceil(np.sqrt(pixels)))
    (tmp_path / "cat" / "bomb.png").write_bytes(png(picture(0, 2, 2), size=(side, side)))
    check(tmp_path, good, "more than the limit PIL.Image.MAX_IMAGE_PIXELS = 89478485")
    with warnings.catch_warnings():  # turning its warning into an error changes no error
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with pytest.raises(ImageError, match=r"PIL\.Image\.MAX_IMAGE_PIXELS = 89478485"):
            load_images(tmp_path, on_error="raise")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_the_limit_of_pixels_is_pillows(tmp_path, good, monkeypatch):
    fill(tmp_path)
    Image.fromarray(picture(0, 40, 40)).save(tmp_path / "cat" / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1500)
    check(
        tmp_path, good, "has 40 × 40 pixels, more than the limit PIL.Image.MAX_IMAGE_PIXELS = 1500"
    )
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    check(tmp_path, good, also=["large.png"])


def test_damage_in_the_middle_is_found_when_it_is_decoded(tmp_path, good):
    fill(tmp_path)
    data = bytearray(PNG)
    data[len(data) // 2] ^= 255
    path = tmp_path / "cat" / "1b.png"
    path.write_bytes(data)
    folder = ImageFolder(tmp_path, SIZE)
    assert len(folder) == 7 and not folder.skipped
    for read in (np.asarray, lambda folder: folder[2], lambda folder: folder.read_rows([0, 2])):
        with pytest.raises(ImageError, match=r"1b.png is damaged: .*ImageFolder.verify\(\)"):
            read(folder)
    with pytest.warns(UserWarning, match=r"ImageFolder: 1 skipped: .*1b.png is damaged"):
        whole = folder[[0, 2, 1, 2, 3]].verify()
    assert np.array_equal(np.asarray(whole), good.data[[0, 1, 2]])
    assert [s.filename for s in whole.skipped] == [str(path)] and not folder.skipped
    with pytest.raises(ImageError, match=r"1b\.png is damaged"):
        ImageFolder(tmp_path, SIZE, on_error="raise").verify()
    with pytest.raises(ValueError, match=r"none of the 1 images .*1b\.png is damaged"):
        folder[[2]].verify()
    assert len(folder[:0].verify()) == 0


def test_a_gif_file_cut_behind_what_could_be_its_end(tmp_path, good):
    """A semicolon ends it, but one in the middle of the data does not."""
    fill(tmp_path)
    file = io.BytesIO()
    Image.fromarray(picture(0, 100, 100)).save(file, "GIF")
    data = file.getvalue()
    end = next(i for i in range(len(data) // 2, len(data)) if data[i : i + 1] == b";") + 1
    assert end < len(data)
    (tmp_path / "cat" / "cut.gif").write_bytes(data[:end])
    check(tmp_path, good, "cut.gif is damaged: image file is truncated")


def test_a_file_that_goes_away(tmp_path):
    fill(tmp_path)
    folder = ImageFolder(tmp_path, SIZE)
    (tmp_path / "dog" / "1.png").unlink()
    with pytest.raises(ImageError, match=r"1.png cannot be read: No such file or directory"):
        folder[4]
