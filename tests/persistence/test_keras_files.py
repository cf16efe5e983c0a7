"""HDF5 files of Keras: the names and the order of their arrays. Files that mislead the reader are refused."""

from itertools import pairwise

import h5py
import numpy as np
import pytest

from convnet import ModelFileError
from convnet.persistence.weight_files.natural_order import natural_order
from convnet.persistence.weight_files.reading import read_weights

RNG = np.random.default_rng(0)
KERNEL = RNG.standard_normal((3, 3, 2, 4)).astype(np.float32)
BIAS = RNG.standard_normal(4).astype(np.float32)


def read(path):
    return read_weights(str(path))


def refused(path, match):
    with pytest.raises(ModelFileError, match=match) as info:
        read(path)
    assert str(path) in str(info.value) and "\n" not in str(info.value)


def test_keras_3(tmp_path):
    """Layers are sorted by name; the state of the optimizer and of random generators is not weights."""
    path = tmp_path / "w.weights.h5"
    with h5py.File(path, "w") as file:
        for name in ("conv2d", "conv2d_1", "conv2d_2", "conv2d_10"):
            file[f"layers/{name}/vars/0"] = KERNEL
            file[f"layers/{name}/vars/1"] = BIAS
        file["layers/dropout/seed_generator/vars/0"] = np.arange(2, dtype=np.uint32)
        file.create_group("layers/flatten/vars")
        file.create_group("vars")
        file["optimizer/vars/0"] = np.int64(3)
    arrays, ordered = read(path)
    assert not ordered
    assert [name for name in arrays if name.endswith("vars/0")] == [
        *(f"layers/conv2d{end}/vars/0" for end in ("", "_1", "_2", "_10")),
        "layers/dropout/seed_generator/vars/0",
    ]
    np.testing.assert_array_equal(arrays["layers/conv2d_10/vars/1"], BIAS)


@pytest.mark.parametrize("whole", [False, True], ids=["save_weights", "save"])
@pytest.mark.parametrize("divided", [False, True])
def test_keras_2(tmp_path, whole, divided):
    """Attributes list the layers and their arrays in the order of the net; long lists are divided."""
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if whole else file
        names = ["stem", "relu", "body", "a_head"]
        if divided:
            root.attrs["layer_names0"] = np.array(names[:2], "S8")
            root.attrs["layer_names1"] = np.array(names[2:], "S8")
        else:
            root.attrs["layer_names"] = np.array(names, "S8")
        for name in names:
            group = root.create_group(name)
            arrays = {} if name == "relu" else {"kernel:0": KERNEL, "bias:0": BIAS}
            group.attrs["weight_names"] = [f"{name}/{role}".encode() for role in arrays]
            for role, array in arrays.items():
                group[f"{name}/{role}"] = array
        if whole:
            file["optimizer_weights/Adam/iter:0"] = np.int64(1)
    arrays, ordered = read(path)
    assert ordered
    assert list(arrays) == [
        f"{name}/{role}" for name in ("stem", "body", "a_head") for role in ("kernel", "bias")
    ]
    np.testing.assert_array_equal(arrays["body/kernel"], KERNEL)


def test_nested_models_keep_their_names(tmp_path):
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"resnet", b"dense"]
        for name, inner in (("resnet", ["b", "a"]), ("dense", ["dense"])):
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{one}/kernel:0".encode() for one in inner]
            for one in inner:
                group[f"{one}/kernel:0"] = KERNEL
    assert list(read(path).arrays) == ["resnet/b/kernel", "resnet/a/kernel", "dense/kernel"]


def test_natural_order():
    names = ["conv2d_10", "conv2d_2", "conv2d", "a.10.b", "a.9.b", "a.9.a", "a.9", "2", "10", ""]
    assert natural_order(names) == [
        *("", "2", "10", "a.9", "a.9.a", "a.9.b", "a.10.b", "conv2d", "conv2d_2", "conv2d_10"),
    ]


def test_files_that_mislead(tmp_path):
    path, other = tmp_path / "w.h5", tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["secret"] = KERNEL

    def write(fill):
        with h5py.File(path, "w") as file:
            fill(file)

    def external_data(file):
        (tmp_path / "raw").write_bytes(bytes(64))
        file.create_dataset("a/kernel", (4, 4), "f4", external=[(str(tmp_path / "raw"), 0, 64)])

    def virtual(file):
        layout = h5py.VirtualLayout((3, 3, 2, 4), "f4")
        layout[:] = h5py.VirtualSource(str(other), "secret", (3, 3, 2, 4))
        file.create_virtual_dataset("a/kernel", layout)

    def cycle(file):
        group = file.create_group("a")
        group["a2"] = group

    def wide(file):
        """Every level has two links to the next one: 2**20 paths."""
        groups = [file.create_group(f"g{i}") for i in range(15)]
        for one, inner in pairwise(groups):
            for i in range(3):
                one[f"x{i}"] = inner

    def huge(file):
        file.create_dataset("a/kernel", (2**20, 2**20), "f4")

    def sparse(file):
        file.create_dataset("a/kernel", (2**20, 2**20), "f4", chunks=(16, 16))

    def repeated(file):
        file["a/kernel"] = np.zeros((200, 200), np.float32)
        for i in range(20):
            file[f"b{i}/kernel"] = file["a/kernel"]

    for fill, match in (
        (lambda f: f.__setitem__("a", h5py.ExternalLink(str(other), "secret")), "'a' is a link"),
        (lambda f: f.__setitem__("model_weights", h5py.SoftLink("/x")), "is a link"),
        (lambda f: f.__setitem__("a", h5py.SoftLink("/a")), "is a link"),
        (external_data, "compressed, or lies in another file"),
        (virtual, "compressed, or lies in another file"),
        (lambda f: f.create_dataset("a", data=KERNEL, compression="gzip"), "compressed, or lies"),
        (cycle, "nested more than 16 deep"),
        (wide, "more than 131,072"),
        (huge, "larger than what the file holds"),
        (sparse, "larger than what the file holds"),
        (repeated, "larger than what the file holds"),
        (lambda f: f.attrs.__setitem__("layer_names", [b"a"]), "no 'a', which its attributes list"),
        (lambda f: f.__setitem__("names", np.array([b"x"])), "it has no arrays"),
        (lambda f: None, "it has no arrays"),
    ):
        write(fill)
        refused(path, match)
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    refused(path, "does not hold weights in the format of .h5 files")
