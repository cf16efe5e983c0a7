"""HEIC images, with and without pillow-heif."""

import sys
import types

import numpy as np
import pytest
from PIL import Image, ImageFile

from convnet.data import ImageError, ImageReader
from convnet.data.images import pillow

FILE = b"\0\0\0\x18ftyp%s\0\0\0\0mif1" + bytes(40)


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Forget whether pillow-heif is installed, and the formats that it registers."""
    monkeypatch.setattr(Image, "OPEN", {k: v for k, v in Image.OPEN.items() if k != "HEIF"})
    monkeypatch.setattr(Image, "ID", [name for name in Image.ID if name != "HEIF"])
    pillow.register_heif.cache_clear()
    yield
    pillow.register_heif.cache_clear()


def write(path, brand):
    path.write_bytes(FILE % brand)
    return [str(path)]


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
def test_without_pillow_heif_it_is_named(tmp_path, monkeypatch, brand):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(
        ImageError, match=r"a.jpg is a HEIC image, which needs pillow-heif: pip install"
    ):
        ImageReader(size=4).transform(write(tmp_path / "a.jpg", brand))


def test_other_files_of_this_kind(tmp_path):
    with pytest.raises(ImageError, match=r"is a video or another file that is not an image"):
        ImageReader(size=4).transform(write(tmp_path / "a.jpg", b"isom"))
    assert pillow.why_unidentified(FILE % b"avif").startswith(
        "is an AVIF image, which needs Pillow"
    )


def test_with_pillow_heif_it_is_read(tmp_path, monkeypatch):
    """Registered the first time that a file is read, and once."""
    calls = []

    class HeifFile(ImageFile.ImageFile):
        format = "HEIF"

        def _open(self):
            self._mode, self._size = "RGB", (4, 4)

        def load(self):
            self.im = Image.new("RGB", (4, 4), (9, 8, 7)).im
            return super(ImageFile.ImageFile, self).load()

    def register():
        calls.append(None)
        Image.OPEN["HEIF"] = HeifFile, lambda prefix: prefix[4:12] == b"ftypheic"
        Image.ID.append("HEIF")

    module = types.SimpleNamespace(register_heif_opener=register, __version__="1.2.3")
    monkeypatch.setitem(sys.modules, "pillow_heif", module)
    path = write(tmp_path / "a.heic", b"heic")
    found = ImageReader(size=4).transform(path)
    np.testing.assert_array_equal(found, np.broadcast_to([9, 8, 7], (1, 4, 4, 3)))
    ImageReader(size=4).transform(path)
    assert len(calls) == 1 and "pillow-heif 1.2.3" in pillow.decoder_versions()


def test_the_real_one(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    image = Image.new("RGB", (64, 48), (200, 30, 60))
    pillow_heif.from_pillow(image).save(tmp_path / "a.heic", quality=95)
    found = ImageReader(size=8).transform([str(tmp_path / "a.heic")])
    np.testing.assert_allclose(found[0, 4, 4], [200, 30, 60], atol=6)
