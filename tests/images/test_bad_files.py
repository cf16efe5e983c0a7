"""Files and folders that are not as they should be: each is read right, or left out with a reason and the rest kept."""

import ctypes
import io
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from images import picture, png
from PIL import Image

from convnet.data import ImageError, ImageFolder, ImageReader, load_images

SIZE = (16, 20)


def bytes_of(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


JPEG = bytes_of(Image.fromarray(picture(0, 90, 70)), "JPEG")
PNG = png(picture(0, 30, 30))
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
    "text.jpg": (b"This is no picture.\n" * 50, "is no image that Pillow can read"),
    "script.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no image that"),
    "bomb.png": (png(picture(0, 2, 2), size=(50000, 50000)), "has more than the "),
    "floats.tif": (TIFF, "has pixels of 32 bits, whose range is not known"),
    "named wrong.png": (JPEG, None),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A folder without bad files, and what is read of it."""
    root = tmp_path_factory.mktemp("good")
    fill(root)
    return load_images(root, SIZE)


def fill(root):
    for kind in ("cat", "dog"):
        (root / kind).mkdir()
        for i in range(3):
            Image.fromarray(picture(i + 10 * (kind == "dog"), 30, 40)).save(
                root / kind / f"{i}.png"
            )


def check(root, good, *reasons, classes=("cat", "dog"), also=()):
    """The good files of a folder are read, by all doors; what is skipped has these reasons, and is warned of."""
    n = len(reasons)
    if not n:
        images, folder = load_images(root, SIZE), ImageFolder(root, SIZE)
    else:
        with pytest.warns(UserWarning, match=rf"load_images: {n} skipped: .*`skipped` lists all"):
            images = load_images(root, SIZE)
        with pytest.warns(UserWarning, match=rf"ImageFolder: {n} skipped: .*`skipped` lists all"):
            folder = ImageFolder(root, SIZE)
        for door in (load_images, ImageFolder):
            with pytest.raises(ImageError) as error:
                door(root, SIZE, on_error="raise")
            assert one_line(str(error.value))
            assert images.skipped[0].filename in str(error.value)
    assert [str(root)] * n == [skipped.filename[: len(str(root))] for skipped in images.skipped]
    for skipped, reason in zip(images.skipped, reasons, strict=True):
        assert reason in str(skipped) and one_line(str(skipped))
    assert folder.skipped == images.skipped
    assert np.array_equal(np.asarray(folder), images.data)
    assert images.target_names == folder.target_names == list(classes)
    here = [i for i, name in enumerate(images.filenames) if os.path.basename(name) not in also]
    assert np.array_equal(images.data[here], good.data)
    assert len(images.data) == len(images.target) == len(images.filenames) == len(folder)
    return images


def one_line(text):
    return text == " ".join(text.split()) and len(text) < 400


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
    check(tmp_path, good, "than the 89478485 that PIL.Image.MAX_IMAGE_PIXELS allows")
    with warnings.catch_warnings():  # its warning as an error is no other error
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with pytest.raises(ImageError, match=r"PIL\.Image\.MAX_IMAGE_PIXELS allows"):
            load_images(tmp_path, on_error="raise")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_the_limit_of_pixels_is_pillows(tmp_path, good, monkeypatch):
    fill(tmp_path)
    Image.fromarray(picture(0, 40, 40)).save(tmp_path / "cat" / "large.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1500)
    check(tmp_path, good, "has 40 × 40 pixels, more than the 1500")
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
    with pytest.raises(ValueError, match=r"none of 1 images .*1b\.png is damaged"):
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


# folders


def test_links(tmp_path, good):
    """Links are followed; one to itself or to nowhere, or to a folder around it, is left out."""
    fill(tmp_path)
    (tmp_path / "cat" / "itself.jpg").symlink_to("itself.jpg")
    (tmp_path / "cat" / "nowhere.jpg").symlink_to("not there.jpg")
    (tmp_path / "cat" / "around").symlink_to(tmp_path)
    (tmp_path / "dog" / "2.png").rename(tmp_path / "elsewhere.png")
    (tmp_path / "dog" / "2.png").symlink_to(tmp_path / "elsewhere.png")
    (tmp_path / "dog").rename(tmp_path / ".dogs")
    (tmp_path / "dog").symlink_to(".dogs")
    (tmp_path / "everything").symlink_to(tmp_path)
    check(
        tmp_path,
        good,
        "elsewhere.png lies beside the class folders",
        "itself.jpg cannot be read: Too many levels of symbolic links",
        "nowhere.jpg cannot be read: No such file or directory",
        "cat/around is a folder inside a class folder",
        *(f"everything/{name} is a folder inside a class" for name in ("cat", "dog", "everything")),
        classes=("cat", "dog", "everything"),
        also=["elsewhere.png"],
    )


def test_an_empty_class_folder_stays_a_class(tmp_path, good):
    fill(tmp_path)
    (tmp_path / "cow").mkdir()
    images = check(
        tmp_path, good, "cow is a class folder without images", classes=("cat", "cow", "dog")
    )
    assert images.target.tolist() == [0, 0, 0, 2, 2, 2]


def test_one_class(tmp_path, good):
    fill(tmp_path)
    for path in (tmp_path / "dog").iterdir():
        path.unlink()
    (tmp_path / "dog").rmdir()
    images = load_images(tmp_path, SIZE)
    assert np.array_equal(images.data, good.data[:3]) and images.target_names == ["cat"]
    assert images.target.tolist() == [0, 0, 0] == ImageFolder(tmp_path, SIZE).target.tolist()


def test_names_of_all_kinds(tmp_path, good):
    fill(tmp_path)
    (tmp_path / "dog").rename(tmp_path / "Größe 2 – 犬 🐕")
    names = ["a b.PNG", "ä.JpG", "犬.jpeg", 'émile\'s "dog" #1 %20.WebP', "x.y.z.png", "-.png"]
    for name in names:
        path = tmp_path / "Größe 2 – 犬 🐕" / name
        path.write_bytes(png(picture(0, 5, 5)))
    os.rename(tmp_path / "cat", tmp_path / "Cat")
    images = check(tmp_path, good, also=names, classes=("Cat", "Größe 2 – 犬 🐕"))
    found = [os.path.basename(name) for name in images.filenames[3:]]
    assert found == sorted([*names, "0.png", "1.png", "2.png"])
    part = ImageReader(SIZE).transform(images.filenames)
    assert np.array_equal(part, images.data)


def test_names_that_are_no_text(tmp_path, good):
    fill(tmp_path)
    if sys.platform != "linux":
        return  # elsewhere there are none
    with open(os.fsencode(tmp_path) + b"/cat/\xff.png", "wb") as file:
        file.write(PNG)
    with open(os.fsencode(tmp_path) + b"/cat/\xfe.png", "wb") as file:
        file.write(b"")
    images = check(tmp_path, good, "is empty", also=["\udcff.png"])
    assert len(images.data) == 7


def test_endings_in_any_case(tmp_path, good):
    fill(tmp_path)
    for old, new in (("0.png", "0.PNG"), ("1.png", "1.Png"), ("2.png", "2.JPG")):
        os.rename(tmp_path / "dog" / old, tmp_path / "dog" / new)
    check(tmp_path, good)


def test_what_is_passed_over(tmp_path, good):
    fill(tmp_path)
    for name in (".hidden.png", "notes.txt", "Thumbs.db", "png", "movie.mp4"):
        (tmp_path / "cat" / name).write_bytes(b"")
    (tmp_path / "readme.txt").write_bytes(b"")
    (tmp_path / ".git").mkdir()
    check(tmp_path, good)


def test_what_lies_elsewhere(tmp_path, good):
    fill(tmp_path)
    (tmp_path / "stray.jpg").write_bytes(JPEG)
    (tmp_path / "cat" / "more").mkdir()
    (tmp_path / "cat" / "more" / "1.jpg").write_bytes(JPEG)
    os.mkfifo(tmp_path / "dog" / "pipe.png")
    check(
        tmp_path,
        good,
        "stray.jpg lies beside the class folders, in none of them",
        "cat/more is a folder inside a class folder",
        "pipe.png is no regular file",
    )


@pytest.mark.parametrize("door", [load_images, ImageFolder])
def test_folders_that_are_refused(tmp_path, door):
    who = door.__name__
    with pytest.raises(FileNotFoundError, match=f"{who}: folder .*nowhere.* cannot be read: No"):
        door(tmp_path / "nowhere")
    with pytest.raises(TypeError, match=f"{who}: folder must be text or a path; got 3"):
        door(3)
    with pytest.raises(ValueError, match=f"{who}: .* has no class folders. Put the images of each"):
        door(tmp_path)
    (tmp_path / "1.jpg").write_bytes(JPEG)
    with pytest.raises(NotADirectoryError, match=r"1.jpg.* cannot be read: Not a directory"):
        door(tmp_path / "1.jpg")
    with pytest.raises(ValueError, match=r"has no class folders, but 1 images\. Put the images"):
        door(tmp_path)
    (tmp_path / "cat").mkdir()
    with pytest.raises(
        ValueError, match=r"no class folder of .* has an image: .*1.jpg lies beside"
    ):
        door(tmp_path)
    (tmp_path / "cat" / "1.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"none of 1 images of .* can be read: .*1.jpg is empty\."):
        door(tmp_path)


@pytest.mark.parametrize("door", [load_images, ImageFolder])
def test_a_folder_of_folders_of_classes(tmp_path, door):
    for part in ("train", "validation"):
        (tmp_path / part).mkdir()
        fill(tmp_path / part)
    with pytest.raises(ValueError, match=r"Pass one of its folders, such as '.*train'\.$"):
        door(tmp_path)


# rights

READ = """
import sys, warnings
from convnet.data import ImageFolder, load_images
warnings.simplefilter("ignore")
for door in (load_images, ImageFolder):
    try:
        images = door(sys.argv[1], (16, 20))
        print(len(images.filenames), *images.skipped, sep="\\n")
    except PermissionError as error:
        print(error)
"""
CAPABILITIES = 1, 2  # Linux's CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: rights of root to open all
PR_CAPBSET_DROP = 24


def give_up_rights():
    if sys.platform == "linux" and os.geteuid() == 0:
        for capability in CAPABILITIES:
            assert not ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def lines_without_rights(folder):
    """What a process that may not open everything reads of a folder, line by line, for either door."""
    done = subprocess.run(
        [sys.executable, "-c", READ, folder],
        preexec_fn=give_up_rights,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    return done.stdout.splitlines()


def test_no_permission(tmp_path):
    fill(tmp_path)
    (tmp_path / "cow").mkdir()
    secret = [tmp_path / "cat" / "1.png", tmp_path / "cow"]
    for path in secret:
        path.chmod(0)
    try:
        found = lines_without_rights(tmp_path)
    finally:
        for path in secret:
            path.chmod(0o700)
    reasons = [f"{path} cannot be read: Permission denied" for path in reversed(secret)]
    assert found == ["5", *reasons] * 2


def test_no_permission_for_the_folder(tmp_path):
    tmp_path.chmod(0)
    try:
        found = lines_without_rights(tmp_path)
    finally:
        tmp_path.chmod(0o700)
    assert found == [
        f"[Errno 13] {who}: folder {str(tmp_path)!r} cannot be read: Permission denied."
        for who in ("load_images", "ImageFolder")
    ]
