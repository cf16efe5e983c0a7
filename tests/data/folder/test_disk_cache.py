"""What is kept of decoded rows on disk: never a bit of the result depends on it."""

import json
import os
import pickle
import subprocess
import sys
import zlib

import numpy as np
import pytest
from images import picture
from PIL import Image

from convnet.data import ImageError, ImageFolder, load_images
from convnet.data.folder.disk_cache import MAGIC, TRAILER

SIZE = (20, 24)
ROW = 20 * 24 * 3
N = 12
TABLE = 4 * N  # bytes of the memory cache's table of rows


@pytest.fixture
def cache_dir(tmp_path):
    return tmp_path / "made" / "cache"


def files(folder):
    return sorted(os.listdir(folder))


def test_second_use_opens_no_image(photographs, array, opened, cache_dir):
    folder = ImageFolder(photographs, SIZE, cache_dir=cache_dir)
    assert len(opened) == N and set(opened.values()) == {1}
    (name,) = files(cache_dir)
    opened.clear()
    again = ImageFolder(photographs, SIZE, cache_dir=str(cache_dir))
    for one in (folder, again, pickle.loads(pickle.dumps(again))):
        assert np.array_equal(np.asarray(one), array)
        assert np.array_equal(one.read_rows([3, 3, 0]), array[[3, 3, 0]])
        assert np.array_equal(np.asarray(one[one.target == 1][::2]), array[7::2])
        assert one.cached_bytes == TABLE  # the operating system keeps what is in files
    assert not opened and files(cache_dir) == [name]


def test_what_a_file_depends_on(photographs, array, opened, cache_dir, monkeypatch):
    def made(**options):
        opened.clear()
        ImageFolder(photographs, **{"size": SIZE, "cache_dir": cache_dir} | options)
        return bool(opened)

    assert made() and not made(n_jobs=1, cache_bytes=0, on_error="raise")
    for change in ({"size": (24, 20)}, {"channels": 1}, {"fit": "pad"}):
        assert made(**change) and not made(**change)
    path = photographs / "cat" / "3.png"
    times = path.stat()
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 1))
    assert made()
    path.rename(photographs / "cat" / "4.png")
    assert made()
    monkeypatch.setattr(
        "convnet.data.folder.open_disk_cache.decoder_versions", lambda: "another release"
    )
    assert made() and not made()
    monkeypatch.undo()


DAMAGES = {
    "empty": lambda data: b"",
    "text": lambda data: b"something else" * 100,
    "half": lambda data: data[: len(data) // 2],
    "a byte less": lambda data: data[:-1],
    "a byte more": lambda data: data + b"\0",
    "trailer": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "checksums": lambda data: flipped(data, N * ROW + 3),
    "key": lambda data: flipped(data, N * ROW + TABLE + 12),
    "zeros": lambda data: bytes(len(data)),
}


def flipped(data, i):
    return data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_written_again(photographs, array, opened, cache_dir, damage):
    ImageFolder(photographs, SIZE, cache_dir=cache_dir)
    (name,) = files(cache_dir)
    path = cache_dir / name
    whole = path.read_bytes()
    path.write_bytes(DAMAGES[damage](whole))
    opened.clear()
    folder = ImageFolder(photographs, SIZE, cache_dir=cache_dir)
    assert len(opened) == N
    assert path.read_bytes() == whole and files(cache_dir) == [name]
    assert np.array_equal(np.asarray(folder), array)


LOST = [None, 3, {}, "all", [-1], [N], [0.5], [True], [None], [1, 0], [0] * 10**6, [[0]], [10**400]]


@pytest.mark.parametrize("i", range(len(LOST)), ids=lambda i: repr(LOST[i])[:20])
def test_rows_said_to_be_lost_that_cannot_be(photographs, array, cache_dir, i):
    """In a file whose checksum is right; the same for JSON that is not an object, or too deep."""
    ImageFolder(photographs, SIZE, cache_dir=cache_dir)
    (name,) = files(cache_dir)
    whole = (cache_dir / name).read_bytes()
    begin = N * ROW + TABLE
    known = json.loads(whole[begin : -TRAILER.size])
    for text in (json.dumps(known | {"lost": LOST[i]}), json.dumps([known]), "[" * 10**5):
        end = whole[N * ROW : begin] + text.encode()
        trailer = TRAILER.pack(MAGIC, len(text), zlib.crc32(end))
        (cache_dir / name).write_bytes(whole[: N * ROW] + end + trailer)
        folder = ImageFolder(photographs, SIZE, cache_dir=cache_dir)
        assert np.array_equal(np.asarray(folder), array)
        assert (cache_dir / name).read_bytes() == whole


def test_the_file_of_another_folder(photographs, array, opened, cache_dir):
    """Under this one's name it is another one's all the same."""
    ImageFolder(photographs, SIZE, cache_dir=cache_dir)
    (name,) = files(cache_dir)
    ImageFolder(photographs, SIZE, fit="pad", cache_dir=cache_dir)
    (other,) = set(files(cache_dir)) - {name}
    os.replace(cache_dir / other, cache_dir / name)
    assert np.array_equal(np.asarray(ImageFolder(photographs, SIZE, cache_dir=cache_dir)), array)


def test_a_damaged_row_is_decoded_and_repaired(photographs, array, opened, cache_dir):
    ImageFolder(photographs, SIZE, cache_dir=cache_dir)
    (name,) = files(cache_dir)
    whole = (cache_dir / name).read_bytes()
    (cache_dir / name).write_bytes(flipped(whole, 4 * ROW + 7))
    opened.clear()
    folder = ImageFolder(photographs, SIZE, cache_dir=cache_dir)
    assert not opened
    assert np.array_equal(np.asarray(folder), array)
    assert opened == {"cat/4.jpg": 1}
    assert (cache_dir / name).read_bytes() == whole


@pytest.mark.parametrize("how", ["removed", "cut"])
def test_a_file_that_goes_away(photographs, array, opened, cache_dir, how):
    folder = ImageFolder(photographs, SIZE, cache_dir=cache_dir)
    (name,) = files(cache_dir)
    if how == "removed":
        (cache_dir / name).unlink()
    else:
        os.truncate(cache_dir / name, 3 * ROW + 5)
    opened.clear()
    assert np.array_equal(np.asarray(folder), array)
    assert len(opened) == (N if how == "removed" else N - 3)
    assert np.array_equal(np.asarray(ImageFolder(photographs, SIZE, cache_dir=cache_dir)), array)


def test_bad_images_and_a_file(photographs, array, opened, cache_dir):
    """They stay out without being forgotten, and come in when they can be read."""
    bad = photographs / "cat" / "2a.png"
    bad.write_bytes((photographs / "cat" / "3.png").read_bytes())
    stamp = bad.stat()
    bad.write_bytes(bytes(stamp.st_size))
    os.utime(bad, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"ImageFolder: 1 skipped: .*2a.png is not an image"):
            folder = ImageFolder(photographs, SIZE, cache_dir=cache_dir)
        assert [s.filename for s in folder.skipped] == [str(bad)]
        assert np.array_equal(np.asarray(folder), array) and len(folder.filenames) == N
        assert folder.target.tolist() == [0] * 7 + [1] * 5
        with pytest.raises(ImageError, match=r"2a\.png is not an image"):
            ImageFolder(photographs, SIZE, cache_dir=cache_dir, on_error="raise")
    assert set(opened.values()) == {1, 4} and opened["cat/2a.png"] == 4
    bad.write_bytes((photographs / "cat" / "3.png").read_bytes())
    os.utime(bad, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # as if only its rights had changed
    folder = ImageFolder(photographs, SIZE, cache_dir=cache_dir)
    assert np.array_equal(np.asarray(folder), array[[0, 1, 2, 3, 3, *range(4, N)]])
    assert len(files(cache_dir)) == 1
    opened.clear()
    assert len(np.asarray(ImageFolder(photographs, SIZE, cache_dir=cache_dir))) == N + 1
    assert not opened  # it is in the file now


def test_an_error_leaves_no_file(photographs, cache_dir):
    (photographs / "dog" / "x.png").write_bytes(b"")
    with pytest.raises(ImageError, match=r"x\.png is empty"):
        ImageFolder(photographs, SIZE, cache_dir=cache_dir, on_error="raise")
    assert files(cache_dir) == []


def test_a_disk_that_is_full(photographs, cache_dir, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"cache_dir .* cannot be used: No space left on device\.$"):
        ImageFolder(photographs, SIZE, cache_dir=cache_dir)
    assert files(cache_dir) == []


def test_folders_that_are_refused(photographs, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(
        OSError, match=r"ImageFolder: cache_dir '.*file' cannot be used: File exists"
    ):
        ImageFolder(photographs, cache_dir=tmp_path / "file")
    with pytest.raises(TypeError, match="cache_dir must be a string, a path or None; got 3"):
        ImageFolder(photographs, cache_dir=3)
    for empty in ("", b""):  # which would be the folder that one is in
        with pytest.raises(ValueError, match="cache_dir is empty"):
            ImageFolder(photographs, cache_dir=empty)
    (tmp_path / "link").symlink_to(photographs)
    linked = tmp_path / "link" / "cache"
    for inside in (photographs, photographs / "cache", photographs / "cat" / "x", linked):
        with pytest.raises(ValueError, match=r"cache_dir .* is inside the folder of images"):
            ImageFolder(photographs, cache_dir=inside)
    beside = ImageFolder(photographs, SIZE, cache_dir=f"{photographs}-cache")
    assert len(beside) == N


MAKE = """
import sys, numpy as np
from convnet.data import ImageFolder
print("ready", flush=True)
sys.stdin.readline()
for _ in range(3):
    folder = ImageFolder(sys.argv[1], (20, 24), cache_dir=sys.argv[2])
    print(int(np.asarray(folder).sum()))
"""


@pytest.mark.slow
def test_two_processes_at_once(tmp_path, cache_dir):
    root = tmp_path / "many"
    for kind in ("a", "b"):
        (root / kind).mkdir(parents=True)
        for i in range(300):
            Image.fromarray(picture(i, 30, 30)).save(root / kind / f"{i}.jpg")
    wanted = str(int(load_images(root, SIZE).data.sum()))
    command = [sys.executable, "-W", "error", "-c", MAKE, root, cache_dir]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    processes = [subprocess.Popen(command, text=True, **pipes) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        out, errors = process.communicate()
        assert not process.returncode, errors
        assert out.split() == [wanted] * 3
    (name,) = files(cache_dir)
    assert (cache_dir / name).stat().st_size > 600 * ROW
