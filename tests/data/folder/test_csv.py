"""ImageFolder.from_csv."""

import os

import numpy as np
import pytest
from photographs import write_photographs

from convnet.data import ImageError, ImageFolder


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Make photos/day and photos/night with three images each."""
    monkeypatch.chdir(tmp_path)
    write_photographs("photos", 3)
    return tmp_path / "photos"


def table(text, encoding="utf-8"):
    with open("labels.csv", "wb") as file:
        file.write(text.encode(encoding, "surrogateescape"))
    return "labels.csv"


def names(folder):
    return [os.path.relpath(name, "photos") for name in folder.filenames]


def test_the_same_images_as_from_folders(photos):
    expected = ImageFolder("photos", size=8)
    files = [os.path.relpath(name, photos) for name in expected.filenames]
    lines = [f"{name},{os.path.dirname(name)}" for name in reversed(files)]
    found = ImageFolder.from_csv(table("file,label\n" + "\n".join(lines)), "photos", size=8)
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))
    np.testing.assert_array_equal(found.target, expected.target)
    assert found.target_names == expected.target_names and not found.skipped
    assert found.filenames.tolist() == expected.filenames.tolist()
    assert found.image_form == expected.image_form
    assert len(found.verify()) == 6 and found[2:4].shape == (2, 8, 8, 3)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("day/0.jpg,a\nnight/1.jpg,b\n", "utf-8"),
        ("day/0.jpg;a\r\n\r\nnight/1.jpg;b\r\n", "utf-8-sig"),
        ("file\tlabel\nday/0.jpg\ta\nnight/1.jpg\tb\n", "utf-16"),
        ('"day/0.jpg", "a"\n"night/1.jpg", b', "utf-8"),
        ("id,breed\nday/0,a\nnight/1,b\n", "utf-8"),
        ("Bild,Art\nday/0.jpg,a\nnight/1.jpg,b\n", "utf-8"),
        ("n,Class,Filename\n1,a,day/0.jpg\n2,b,night/1.jpg\n", "utf-8"),
        ("day\\0.jpg,a\nnight\\1.jpg,b\n", "utf-8"),
        ("photos/day/0.jpg,a\nphotos/night/1.jpg,b\n", "utf-8"),  # relative to the CSV file
        ("day/0.jpg,a\nday/0.jpg,a\nnight/1.jpg,b\n", "utf-8"),
    ],
)
def test_many_ways_to_write_it(photos, text, encoding):
    if '"' in text:
        text = text.replace(", ", ",")
    found = ImageFolder.from_csv(table(text, encoding), "photos", size=8)
    assert found.target_names == ["a", "b"] and found.target.tolist() == [0, 1]
    assert names(found) == ["day/0.jpg", "night/1.jpg"]


def test_names_that_are_not_utf8(photos):
    os.link(b"photos/day/0.jpg", b"photos/\xe9.jpg")
    found = ImageFolder.from_csv(table("\udce9.jpg,caf\udce9\nday/1.jpg,b"), "photos", size=8)
    assert found.target_names == ["b", "caf\udce9"] and names(found)[1] == "\udce9.jpg"


def test_files_without_a_label_or_missing_are_skipped(photos):
    text = "day/0.jpg,a\nday/9.jpg,a\nnight/1.jpg,\nnight/2.jpg\nnight/0.jpg,b\n"
    with pytest.warns(UserWarning, match="ImageFolder.from_csv: 3 skipped") as caught:
        found = ImageFolder.from_csv(table(text), "photos", size=8)
    assert caught[0].filename == __file__
    assert names(found) == ["day/0.jpg", "night/0.jpg"]
    assert [reason for _, reason in found.skipped] == [
        "does not exist (line 2 of labels.csv)",
        "has no label in line 3 of labels.csv",
        "has no label in line 4 of labels.csv",
    ]
    with pytest.raises(ImageError, match="does not exist"):
        ImageFolder.from_csv("labels.csv", "photos", on_error="raise")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("day/0.jpg,a\nday/0.jpg,b", "gives 'day/0.jpg' two labels: a in line 1 and b in line 2"),
        ("a,b,c\nday/0.jpg,1,2", "cannot tell the columns of 'labels.csv' apart"),
        ("one\ntwo", "Write two columns, the name of an image file and its label"),
        ("", "lists no image with a label"),
        ("file,label\n", "lists no image with a label"),
        ("x/1.jpg,a\n", "x/1.jpg does not exist"),
        ('day/0.jpg,"a\n', "is not a CSV file"),
        ("day/0.jpg,a\0", "is not a text file. Save the table as CSV"),
    ],
)
def test_bad_tables(photos, text, message):
    with pytest.raises(ValueError, match=r"ImageFolder\.from_csv: ") as caught:
        ImageFolder.from_csv(table(text), "photos")
    assert message in str(caught.value)


def test_messages_are_short_and_printable(photos):
    label, name = "\x1b" + "a" * 9000, "x" * 9000
    table(f"day/0.jpg,{label}\n{name}.jpg,a\n")
    os.rename("labels.csv", "\x1b.csv")
    with pytest.warns(UserWarning, match="1 skipped") as caught:
        ImageFolder.from_csv("\x1b.csv", "photos", size=8)
    texts = [str(caught[0].message)]
    for text in (f"day/0.jpg,{label}\nday/0.jpg,b\n", f"{name}.jpg,a\n", f"{name},{name},{name}\n"):
        with pytest.raises(ValueError, match=r"ImageFolder\.from_csv: ") as error:
            ImageFolder.from_csv(table(text), "photos", size=8)
        texts.append(str(error.value))
    assert max(map(len, texts)) < 1000 and "\x1b" not in "".join(texts)


def test_bad_paths(photos):
    with pytest.raises(FileNotFoundError, match=r"'none\.csv' cannot be read"):
        ImageFolder.from_csv("none.csv")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        ImageFolder.from_csv(table("a.jpg,b"), "nowhere")
    with pytest.raises(TypeError, match="must be strings or paths"):
        ImageFolder.from_csv(3)


def test_a_cache_on_disk(photos):
    table("day/0.jpg,a\nnight/1.jpg,b\n")
    first = np.asarray(ImageFolder.from_csv("labels.csv", "photos", size=8, cache_dir="cache"))
    again = ImageFolder.from_csv("labels.csv", "photos", size=8, cache_dir="cache")
    np.testing.assert_array_equal(np.asarray(again), first)
    assert len(os.listdir("cache")) == 1


def test_what_file_managers_leave_is_ignored(photos):
    for path in ("photos/__MACOSX/1.jpg", "photos/@eaDir/1.jpg", "photos/day/@eaDir/1.jpg"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.link("photos/day/1.jpg", path)
    for path in (
        "photos/.DS_Store",
        "photos/Thumbs.db",
        "photos/day/thumbs.db",
        "photos/day/._1.jpg",
    ):
        open(path, "w").close()
    found = ImageFolder("photos", size=8)
    assert found.target_names == ["day", "night"] and len(found) == 6 and not found.skipped
