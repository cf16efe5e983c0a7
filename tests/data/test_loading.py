"""load_images, what it shares with ImageFolder, and progress."""

import builtins
import re
import subprocess
import sys

import numpy as np
import pytest
from images import fitted, picture
from PIL import Image

import convnet
from convnet._extras import install_command
from convnet.data import ImageFolder, ImageReader, load_images

DOORS = {"load_images": load_images, "ImageFolder": ImageFolder}


def test_bunch(photographs):
    images = load_images(str(photographs), size=(10, 14))
    assert images.data.shape == (12, 10, 14, 3) and images.data.dtype == np.uint8
    assert images.target.dtype == np.int64 and images.target.tolist() == [0] * 7 + [1] * 5
    assert images.target_names == ["cat", "dog"] and images.skipped == []
    assert list(images.filenames) == sorted(map(str, photographs.glob("*/*")))
    for text in (str(photographs), "12 images", "(10, 14, 3)", "'crop'", "cat: 7", "dog: 5"):
        assert text in images.DESCR


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_rows_are_the_pictures(photographs, fit, channels):
    options = {"size": (12, 9), "channels": channels, "fit": fit}
    data = load_images(photographs, **options).data
    assert np.array_equal(np.asarray(ImageFolder(photographs, **options)), data)
    reader = ImageReader((12, 9), channels=channels, fit_mode=fit)
    names = load_images(photographs, 4).filenames
    assert np.array_equal(reader.transform(names), data)
    for i in (1, 3, 8):  # PNG files
        pixels = np.asarray(Image.open(names[i]).convert("L" if channels == 1 else "RGB"))
        pixels = pixels.reshape(*pixels.shape[:2], channels)
        assert abs(data[i] - fitted(pixels, 12, 9, fit)).max() <= 0.51


def test_one_integer_is_both_sides(photographs):
    assert load_images(photographs, 9).data.shape[1:] == (9, 9, 3)
    assert load_images(photographs).data.shape[1:] == (150, 150, 3)
    assert ImageFolder(photographs).shape == (12, 150, 150, 3)


@pytest.mark.parametrize("n_jobs", [1, 2, 7, -1])
def test_any_number_of_threads(photographs, n_jobs):
    one = load_images(photographs, 20, n_jobs=1)
    other = load_images(photographs, 20, n_jobs=n_jobs)
    assert np.array_equal(one.data, other.data)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"size": (1, 2, 3)}, TypeError, r"size must be \(height, width\) .* got \(1, 2, 3\)"),
        ({"size": 1.5}, TypeError, "size must be .* got 1.5"),
        ({"size": True}, TypeError, "size must be .* got True"),
        ({"size": "big"}, TypeError, "size must be .* got 'big'"),
        ({"size": (0, 5)}, ValueError, r"size must have sides of at least 1 .* got \(0, 5\)"),
        ({"size": 10**5}, ValueError, "at most 67,108,864 pixels; got 100000"),
        ({"channels": 4}, ValueError, r"channels must be 3 \(color\) or 1 \(gray\); got 4"),
        ({"channels": True}, ValueError, "channels must be .* got True"),
        ({"fit": "cover"}, ValueError, 'fit must be "crop", "pad" or "stretch"; got \'cover\''),
        ({"on_error": "ignore"}, ValueError, 'on_error must be "skip" or "raise"; got \'ignore\''),
        ({"n_jobs": 0}, ValueError, "n_jobs must not be 0"),
    ],
)
def test_parameters_that_are_refused(photographs, door, options, error, message):
    with pytest.raises(error, match=message):
        DOORS[door](photographs, **options)


def test_without_pillow(photographs, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.partition(".")[0] == "PIL":
            raise ImportError("No module named 'PIL'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    ImageReader().fit([])
    for call, who in (
        (lambda: load_images(photographs), "load_images"),
        (lambda: ImageFolder(photographs), "ImageFolder"),
        (lambda: ImageReader().transform(["a.png"]), "ImageReader"),
    ):
        with pytest.raises(
            ImportError, match=rf"{who} needs Pillow.*{re.escape(install_command('images'))}"
        ):
            call()


def test_pillow_is_imported_when_it_is_needed():
    code = "import sys, convnet.data; print('PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_silent(photographs, capsys, tmp_path):
    load_images(photographs)
    ImageFolder(photographs, cache_dir=tmp_path / "c").verify()
    assert capsys.readouterr() == ("", "")


def test_progress(photographs, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("convnet.data.progress.INTERVAL", np.inf)
    load_images(photographs, verbose=True)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("load_images: 12 images in ")
    monkeypatch.setattr("convnet.data.progress.INTERVAL", 0)
    load_images(photographs, verbose=True)
    *lines, last = capsys.readouterr().out.splitlines()
    assert lines == [f"load_images: {i} of 12 images" for i in range(1, 12)]
    assert last.startswith("load_images: 12 images in ")
    folder = ImageFolder(photographs, verbose=True)
    *lines, last = capsys.readouterr().out.splitlines()
    assert len(lines) == 11 and last.startswith("ImageFolder, headers: 12 images in ")
    folder.verify()
    assert capsys.readouterr().out.startswith("ImageFolder: 12 images in ")
    monkeypatch.setattr("convnet.data.folder.source.BLOCK", 5)
    ImageFolder(photographs, verbose=True, cache_dir=tmp_path / "c")
    assert [line[:26] for line in capsys.readouterr().out.splitlines()] == [
        "ImageFolder, cache: 5 of 1",
        "ImageFolder, cache: 10 of ",
        "ImageFolder, cache: 12 ima",
    ]


def test_public_names():
    assert convnet.data.__all__ == [
        "ArrayFile",
        "ImageError",
        "ImageFolder",
        "ImageReader",
        "load_images",
    ]


def test_memory_for_one_array_only(tmp_path):
    """Rows that are skipped are closed up in place."""
    (tmp_path / "a").mkdir()
    for i in range(6):
        Image.fromarray(picture(i, 8, 8)).save(tmp_path / "a" / f"{i}.png")
    whole = load_images(tmp_path, 8).data
    for i in (0, 3):
        (tmp_path / "a" / f"{i}.png").write_bytes(b"")
    with pytest.warns(UserWarning, match="2 skipped"):
        data = load_images(tmp_path, 8).data
    assert np.array_equal(data, whole[[1, 2, 4, 5]])
    assert data.base is not None and len(data.base) == 6
