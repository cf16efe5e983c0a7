"""Folders that are not as they should be: what can be read is, and the rest is left out with a reason."""

import os
import sys

import numpy as np
import pytest
from image_folders import JPEG, PNG, SIZE, check, fill
from images import picture, png

from convnet.data import ImageFolder, ImageReader, load_images


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
        "elsewhere.png is outside the class folders",
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
        "stray.jpg is outside the class folders",
        "cat/more is a folder inside a class folder",
        "pipe.png is not a regular file",
    )


@pytest.mark.parametrize("door", [load_images, ImageFolder])
def test_folders_that_are_refused(tmp_path, door):
    who = door.__name__
    with pytest.raises(FileNotFoundError, match=f"{who}: folder .*nowhere.* cannot be read: No"):
        door(tmp_path / "nowhere")
    with pytest.raises(TypeError, match=f"{who}: folder must be a string or a path; got 3"):
        door(3)
    with pytest.raises(ValueError, match=f"{who}: .* has no class folders. Put the images of each"):
        door(tmp_path)
    (tmp_path / "1.jpg").write_bytes(JPEG)
    with pytest.raises(NotADirectoryError, match=r"1.jpg.* cannot be read: Not a directory"):
        door(tmp_path / "1.jpg")
    with pytest.raises(ValueError, match=r"has 1 image but no class folders\. Put the images"):
        door(tmp_path)
    (tmp_path / "cat").mkdir()
    with pytest.raises(
        ValueError, match=r"no class folder in .* contains an image: .*1.jpg is outside"
    ):
        door(tmp_path)
    (tmp_path / "cat" / "1.jpg").write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"none of the 1 images in .* can be read: .*1.jpg is empty\."
    ):
        door(tmp_path)


@pytest.mark.parametrize("door", [load_images, ImageFolder])
def test_a_folder_of_folders_of_classes(tmp_path, door):
    for part in ("train", "validation"):
        (tmp_path / part).mkdir()
        fill(tmp_path / part)
    with pytest.raises(ValueError, match=r"Pass one of its subfolders, such as '.*train'\.$"):
        door(tmp_path)
