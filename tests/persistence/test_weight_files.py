"""Weights of other libraries: arrays come back with the same bits; anything else is one error, and runs nothing."""

import os
import pickle
import struct
import sys
import time
import tracemalloc
import zipfile

import h5py
import numpy as np
import pytest
import safetensors.numpy
from torch_files import (
    MAGIC,
    WRITERS,
    Call,
    ItemsOfPython2,
    Name,
    Storage,
    TextOfPython2,
    archive,
    dumps,
    sequence,
    state,
    tensor,
    weights_file,
)

from convnet import ModelFileError
from convnet.persistence.weight_files import torch_pickle
from convnet.persistence.weight_files.reading import read_weights

RNG = np.random.default_rng(0)
ARRAYS = {
    "conv.weight": RNG.standard_normal((4, 2, 3, 3)).astype(np.float32),
    "conv.bias": RNG.standard_normal(4).astype(np.float32),
    "scale": np.float32(3.5).reshape(()),
}
FORMS = list(WRITERS)


def read(data, path, ending="pth"):
    path = path / f"w.{ending}"
    path.write_bytes(data)
    return read_weights(str(path))


def refused(data, folder, match, ending="pth"):
    """Assert that reading raises the one error, which names the file on one line, and takes little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError, match=match) as info:
            read(data, folder, ending)
        assert tracemalloc.get_traced_memory()[1] < 2**22 + 10 * len(data)
    finally:
        tracemalloc.stop()
    message = str(info.value)
    assert f"w.{ending}" in message and "\n" not in message and len(message) < 800


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ending", ["pth", "pt", "bin", "PTH"])
def test_a_state_dict(tmp_path, form, ending):
    arrays, ordered = read(weights_file(ARRAYS, form), tmp_path, ending)
    assert list(arrays) == list(ARRAYS) and ordered
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == np.float32
        np.testing.assert_array_equal(arrays[name], array)


DTYPES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "b1"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(tmp_path, form, dtype):
    values = np.array([0, 1, 5, 100]).astype(dtype)
    options = {"itemsize": values.itemsize} if form == "sequence" else {}
    data = WRITERS[form]({"a": tensor("0", (4,), dtype=dtype)}, {"0": values.tobytes()}, **options)
    found = read(data, tmp_path).arrays["a"]
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)


BFLOAT16 = {0x3F80: 1.0, 0xC000: -2.0, 0x7F80: np.inf, 0x7FC0: np.nan, 0x0001: 2.0**-133, 0: 0.0}


@pytest.mark.parametrize("form", [*FORMS, "big", "safetensors"])
def test_bfloat16_is_widened_exactly(tmp_path, form):
    n, halves = len(BFLOAT16), np.array(list(BFLOAT16), "<u2")
    if form == "safetensors":
        entry = {"dtype": "BF16", "shape": [n], "data_offsets": [0, 2 * n]}
        header = str({"a": entry}).replace("'", '"').encode()
        data = struct.pack("<Q", len(header)) + header + halves.tobytes()
        found = read(data, tmp_path, "safetensors").arrays["a"]
    else:
        value = {"a": tensor("0", (n,), dtype="bfloat16")}
        data = {
            "archive": lambda: archive(value, {"0": halves.tobytes()}),
            "sequence": lambda: sequence(value, {"0": halves.tobytes()}, itemsize=2),
            "big": lambda: archive(value, {"0": halves.astype(">u2").tobytes()}, b"big"),
        }[form]()
        found = read(data, tmp_path).arrays["a"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array(list(BFLOAT16.values()), np.float32))


@pytest.mark.parametrize("order", [b"little", b"big", None])
def test_byte_order(tmp_path, order):
    values = np.arange(6, dtype=">f4" if order == b"big" else "<f4")
    data = archive({"a": tensor("0", (2, 3))}, {"0": values.tobytes()}, order)
    np.testing.assert_array_equal(read(data, tmp_path).arrays["a"], [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize("form", FORMS)
def test_views_of_one_storage(tmp_path, form):
    """Offsets and strides, as of a transposed tensor and of a column. Storages may be longer than their tensors."""
    base = np.arange(24, dtype=np.float32)
    shared = dict(length=24)
    value = {
        "whole": tensor("0", (4, 6), **shared),
        "transposed": tensor("0", (6, 4), (1, 6), **shared),
        "column": tensor("0", (4,), (6,), offset=2, **shared),
        "last": tensor("0", (), (), offset=23, **shared),
        "none": tensor("0", (0, 5), **shared),
        "one": tensor("0", (1, 2), (10**9, 1), offset=22, **shared),
    }
    arrays = read(WRITERS[form](value, {"0": base.tobytes()}), tmp_path).arrays
    table = base.reshape(4, 6)
    want = [table, table.T, table[:, 2], base[23], np.zeros((0, 5)), table[3:, 4:]]
    for found, expected in zip(arrays.values(), want, strict=True):
        np.testing.assert_array_equal(found, expected)
        assert found.shape == np.shape(expected) and not (found.size and found.flags.writeable)


def test_a_state_dict_of_python_2(tmp_path):
    """Its OrderedDict is built from a list of lists, and its strings have operations of their own."""
    names = ["conv.weight", "a" * 300]
    value = ItemsOfPython2(
        {TextOfPython2(name): tensor(str(i), (2,)) for i, name in enumerate(names)}
    )
    storages = {str(i): np.float32([i, i + 1]).tobytes() for i in range(2)}
    for saved in (value, {TextOfPython2("state_dict"): value}):
        found = read(sequence(saved, storages), tmp_path).arrays
        assert list(found) == names
        np.testing.assert_array_equal(found["a" * 300], [1, 2])


def test_a_part_of_another_storage(tmp_path):
    """As PyTorch before 0.4 wrote storages that are slices of others."""
    value = {"a": tensor("0", (3,), length=10, view=(("1", 4, 3),))}
    found = read(sequence(value, {"0": np.arange(10, dtype="<f4").tobytes()}), tmp_path)
    np.testing.assert_array_equal(found.arrays["a"], [4, 5, 6])


WRAPPED = {
    "state_dict": lambda state: {"epoch": 3, "state_dict": state, "best": 0.5},
    "model": lambda state: {"optimizer": {"state": {}}, "model": state, "args": [1, None]},
    "two": lambda state: {"model": {"state_dict": state}},
    "another key": lambda state: {"my weights": state, "note": "hello"},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("how", WRAPPED)
def test_checkpoints_and_prefixes(tmp_path, form, how):
    prefixed = {f"module.model.{name}": array for name, array in ARRAYS.items()}
    value, storages = state(prefixed, form)
    data = WRITERS[form](WRAPPED[how](value), storages)
    assert list(read(data, tmp_path).arrays) == list(ARRAYS)


def test_a_prefix_that_only_some_names_have_stays(tmp_path):
    arrays = {"module.a.weight": ARRAYS["conv.bias"], "b.weight": ARRAYS["conv.bias"]}
    assert list(read(weights_file(arrays), tmp_path).arrays) == list(arrays)


def test_the_moments_of_an_optimizer_are_skipped(tmp_path):
    """In the old format, the sizes of storages follow from dtypes, of tensors that are not taken too."""
    value, storages = state(ARRAYS)
    moments = {"state": {0: tensor("m", (2,), dtype="f8")}}
    parts = {"m": (2, bytes(16)), **storages}
    data = sequence({"optimizer": moments, "model": value}, parts)
    np.testing.assert_array_equal(read(data, tmp_path).arrays["conv.weight"], ARRAYS["conv.weight"])


class Runs:
    """Unpickling calls a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("form", FORMS)
def test_pickles_run_nothing(tmp_path, form, protocol):
    marker = tmp_path / "ran"
    for function, arguments, name in (
        (os.system, (f"touch {marker}",), "posix.system|nt.system"),
        (eval, (f"open({str(marker)!r}, 'w')",), "builtins?__.eval|builtins.eval"),
        (exec, (f"open({str(marker)!r}, 'w')",), "exec"),
        (getattr, ({}, "keys"), "getattr"),
    ):
        data = pickle.dumps({"a": Runs(function, *arguments)}, protocol)
        refused(WRITERS[form](data, {}), tmp_path, name)
        assert not marker.exists()


NAMES = [
    ("torch._utils", "_rebuild_qtensor"),
    ("torch", "load"),
    ("torch", "ComplexFloatStorage"),
    ("torch.nn.modules.linear", "Linear"),
    ("torchvision.models.resnet", "ResNet"),
    ("numpy.core.multiarray", "scalar"),
    ("collections", "namedtuple"),
    ("argparse", "Namespace"),
    ("no_such_module_at_all", "x"),
]


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_other_names_are_refused_and_not_imported(tmp_path, module, name):
    before = set(sys.modules)
    data = dumps({"a": Call(Name(module, name), ())})
    refused(archive(data, {}), tmp_path, rf"uses '{module}.{name}'.*state_dict\(\), path")
    imported = {one.partition(".")[0] for one in set(sys.modules) - before}
    assert module.partition(".")[0] not in imported


OUTSIDE = {
    "offset": (tensor("0", (4,), offset=1, length=4), "outside its storage of 4"),
    "shape": (tensor("0", (5,), length=4), "outside its storage"),
    "stride": (tensor("0", (2, 2), (3, 1), length=4), "outside its storage"),
    "huge offset": (tensor("0", (1,), offset=2**61, length=4), "outside its storage"),
    "huge shape": (tensor("0", (2**40, 2**40), (0, 0), length=4), "repeats"),
    "repeated": (tensor("0", (5,), (0,), length=4), r"repeats.*contiguous\(\)"),
    "negative offset": (tensor("0", (1,), offset=-1, length=4), "-1 where"),
    "negative stride": (tensor("0", (2,), (-1,), offset=1, length=4), "-1 where"),
    "negative side": (tensor("0", (-1,), length=4), "-1 where"),
    "beyond 64 bits": (tensor("0", (1,), (2**70,), length=4), "where a size"),
    "many axes": (tensor("0", (1,) * 65, length=4), "0 to 16 axes"),
    "other strides": (tensor("0", (2, 2), (1,), length=4), "another number of axes"),
    "long storage": (tensor("0", (4,), length=2**50), "fewer than its pickle says"),
    "another key": (tensor("../0", (4,), length=4), "no values '../0'|no tensor uses"),
    "two dtypes": (
        {"a": tensor("0", (2,), length=4), "b": tensor("0", (2,), length=2, dtype="f8")},
        "two dtypes",
    ),
    "a side of text": (tensor("0", ("1",), (1,), length=4), "'1' where"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", OUTSIDE)
def test_tensors_outside_their_storage(tmp_path, form, name):
    value, match = OUTSIDE[name]
    value = value if isinstance(value, dict) else {"a": value}
    refused(WRITERS[form](value, {"0": bytes(16)}), tmp_path, match)


NO_WEIGHTS = {
    "a tensor": (tensor("0", (4,)), "a Tensor, not a dict"),
    "a list": ([1, 2], "a list, not a dict"),
    "no tensors": ({"a": 1, "b": "text"}, "no tensors under the keys 'a', 'b'"),
    "nothing": ({}, "no tensors in its empty dict"),
    "numbers as names": ({1: tensor("0", (4,))}, "names that are not strings"),
    "two dicts": ({"a": {"b": 1}, "c": {"d": 2}}, "no tensors under the keys 'a', 'c'"),
    "deep": ({"a": {"b": {"c": {"d": {"e": tensor("0", (4,))}}}}}, "more than 4 nested"),
    "no storage": (
        {"a": Call(Name("torch._utils", "_rebuild_tensor_v2"), (1, 0, (), ()))},
        "without a storage",
    ),
    "few arguments": (
        {"a": Call(Name("torch._utils", "_rebuild_tensor_v2"), ())},
        "in another way",
    ),
    "a call of a string": ({"a": Call("f", ())}, "not a function"),
    "a class of storages that is called": (
        {"a": Call(Name("torch", "FloatStorage"), ())},
        "not a function",
    ),
    "a dict of numbers": (
        {"a": Call(Name("collections", "OrderedDict"), ([1, 2],))},
        "fills a dict",
    ),
    "a dict of triples": (
        {"a": Call(Name("collections", "OrderedDict"), ([[1, 2, 3]],))},
        "fills a d",
    ),
    "a dict with a list as a key": (
        {"a": Call(Name("collections", "OrderedDict"), ([[[], 1]],))},
        "a list as a key",
    ),
    "a storage of another form": ({"a": Storage(("storage",))}, "not a storage"),
    "a storage of text": ({"a": Storage(("storage", "f", "0", "cpu", 4))}, "in another way"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NO_WEIGHTS)
def test_other_contents(tmp_path, form, name):
    value, match = NO_WEIGHTS[name]
    refused(WRITERS[form](value, {"0": bytes(16)}), tmp_path, match)


PROGRAMS = {
    "a memo of 2**32 entries": (b"\x80\x02}r\xff\xff\xff\xff.", "empty dict"),
    "text of 2**62 bytes": (b"\x80\x02\x8d" + struct.pack("<Q", 2**62), "length in it is wrong"),
    "text of 2 GB": (b"\x80\x02X\xff\xff\xff\x7f", "length in it is wrong"),
    "bytes of 2 GB": (b"\x80\x02B\xff\xff\xff\x7f", "length in it is wrong"),
    "a frame of any length": (b"\x80\x04\x95" + b"\xff" * 8 + b"}.", "empty dict"),
    "an empty stack": (b"\x80\x02.", "more values from the stack"),
    "only a mark": (b"\x80\x02(.", "more values from the stack"),
    "no mark": (b"\x80\x02t.", "no mark"),
    "an unknown memo": (b"\x80\x02h\x05.", "has not stored"),
    "a memo of nothing": (b"\x80\x02q\x05.", "not there"),
    "another operation": (b"\x80\x02i.", "the operation b'i'"),
    "an object": (b"\x80\x02}(i.", "the operation b'i'"),
    "nothing": (b"", "truncated"),
    "an endless name": (b"\x80\x02c" + b"a" * 10**6, "name in it is too long"),
    "a list as a key": (b"\x80\x02}]Ns.", "a list as a key"),
    "a key without a value": (b"\x80\x02}(Nu.", "without a value"),
    "an entry of a number": (b"\x80\x02K\x01NNs.", "not a dict"),
    "an entry of nothing": (b"\x80\x02NNs.", "not a dict"),
    "attributes of a list": (b"\x80\x02]}b.", "not a dict"),
    "nested tuples": (b"\x80\x02N" + b"\x85" * 10**5 + b".", "a tuple, not a dict"),
    "bytes that are not UTF-8": (b"\x80\x02X\x01\0\0\0\xff.", "decode"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_that_mislead(tmp_path, form, name):
    data, match = PROGRAMS[name]
    if form == "sequence" and name == "an endless name":
        match = "too long|truncated"
    refused(WRITERS[form](data, {}), tmp_path, match)


def test_a_long_program(tmp_path, monkeypatch):
    """Containers take more memory than the operations that make them, so the number of operations has a limit."""
    monkeypatch.setattr(torch_pickle, "MAX_OPERATIONS", 1000)
    refused(archive(b"\x80\x02" + b"}" * 1000 + b".", {}), tmp_path, "more than 1,000 operations")
    pairs = (
        b"](" + 100 * b"]K\x01aK\x02a" + b"eq\x00"
    )  # one list, of which a few operations make dict after dict
    copies = b"ccollections\nOrderedDict\nq\x010" + 12 * b"h\x01h\x00\x85R0"
    refused(
        archive(b"\x80\x02" + pairs + copies + b".", {}), tmp_path, "more than 1,000 operations"
    )


@pytest.mark.parametrize("form", [*FORMS, "safetensors", "npz", "h5"])
def test_truncated_anywhere(tmp_path, form):
    small = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3)}
    path = tmp_path / f"whole.{form}"
    ending = "pth" if form in FORMS else form
    if form in FORMS:
        path.write_bytes(weights_file(small, form))
    elif form == "safetensors":
        safetensors.numpy.save_file(small, path)
    elif form == "npz":
        np.savez(path, **small)
    else:
        with h5py.File(path, "w") as file:
            file["dense/kernel:0"] = small["a.weight"]
    data = path.read_bytes()
    for n in range(0, len(data), 1 if len(data) < 1500 else 7):
        (tmp_path / f"w.{ending}").write_bytes(data[:n])
        with pytest.raises(ModelFileError):
            read_weights(str(tmp_path / f"w.{ending}"))


@pytest.mark.parametrize("form", FORMS)
def test_ten_thousand_names(tmp_path, form):
    arrays = {f"features.{i}.weight": np.full((1, 1), i, np.float32) for i in range(10_000)}
    data = weights_file(arrays, form)
    begin = time.process_time()
    found = read(data, tmp_path).arrays
    assert time.process_time() - begin < 60
    assert list(found) == list(arrays) and found["features.9999.weight"] == 9999


def test_archives_that_mislead(tmp_path):
    whole = weights_file(ARRAYS)
    path = tmp_path / "w.pth"
    path.write_bytes(whole)
    with zipfile.ZipFile(path, "a") as file:
        for entry in file.infolist():
            entry.file_size = entry.compress_size = 2**31
        file._didModify = True
    refused(path.read_bytes(), tmp_path, "larger than the file")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", bytes(10**6))
    refused(path.read_bytes(), tmp_path, "entries are compressed")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("model/code/x.py", "import os")
    refused(path.read_bytes(), tmp_path, "without the data.pkl of torch.save")
    refused(archive({"a": tensor("0", ())}, {}, b"middle"), tmp_path, "byte order is b'middle'")
    refused(dumps(MAGIC) + dumps(7), tmp_path, "neither of the two formats")
    refused(b"hello", tmp_path, "neither of the two formats.*begins with b'hell'")


def test_arrays_of_numpy(tmp_path):
    arrays = ARRAYS | {
        "f": np.asfortranarray(ARRAYS["conv.weight"]),
        "i": np.arange(3),
        "e": np.zeros((0, 2)),
    }
    np.savez(tmp_path / "w.npz", **arrays)
    found, ordered = read_weights(str(tmp_path / "w.npz"))
    assert list(found) == list(arrays) and ordered
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_other_arrays_of_numpy(tmp_path):
    path = tmp_path / "w.npz"
    for write, match in (
        (
            lambda: np.savez_compressed(path, a=np.zeros(10**5)),
            "compressed; write it with numpy.savez",
        ),
        (lambda: np.savez(path, a=np.array([{}], dtype=object)), "a holds object"),
        (lambda: np.savez(path, a=np.array(["text"])), "a holds <U4"),
        (lambda: np.savez(path, a=np.array([1j])), "a holds complex128"),
        (lambda: np.savez(path), "no arrays|larger"),
    ):
        write()
        refused(path.read_bytes(), tmp_path, match, "npz")
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,)}\n"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header)
    refused(path.read_bytes(), tmp_path, "0 bytes, other than its shape", "npz")


def test_safetensors(tmp_path):
    path = tmp_path / "w.safetensors"
    arrays = {f"layer{i}.weight": np.full(2, i, np.float16) for i in (10, 9, 1)}
    arrays |= {"n": np.arange(3), "b": np.array([True, False]), "d": np.ones((2, 2))}
    safetensors.numpy.save_file(arrays, path, metadata={"format": "pt"})
    found, ordered = read_weights(str(path))
    assert not ordered
    assert [name for name in found if "layer" in name] == [f"layer{i}.weight" for i in (1, 9, 10)]
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    header = b'{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}'
    data = struct.pack("<Q", len(header)) + header + b"ab"
    refused(data, tmp_path, "F8_E4M3; expected one of", "safetensors")
    header = b'{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}'
    data = struct.pack("<Q", len(header)) + header
    refused(data, tmp_path, "[Hh]eader", "safetensors")


def test_endings(tmp_path):
    for name, error, match in (
        ("w.keras", ValueError, r"save_weights\(\"name.weights.h5\"\)"),
        ("w.onnx", ValueError, "must end in .safetensors, .pth"),
        ("w.pht", ValueError, "must end in"),
        ("w.pth", FileNotFoundError, "There is no file"),
        ("w.h5", FileNotFoundError, "There is no file"),
    ):
        with pytest.raises(error, match=match):
            read_weights(str(tmp_path / name))
    (tmp_path / "resnet18.pth").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"Did you mean 'resnet18\.pth'"):
        read_weights(str(tmp_path / "resnet81.pth"))


@pytest.mark.parametrize(("ending", "library"), [("h5", "h5py"), ("safetensors", "safetensors")])
def test_a_missing_library(tmp_path, monkeypatch, ending, library):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setitem(sys.modules, f"{library}.numpy", None)
    with pytest.raises(ImportError, match=rf"needs {library}. Install it with: pip .*\[{ending}\]"):
        read(b"", tmp_path, ending)


def test_pytorch_is_not_needed(tmp_path, monkeypatch):
    for name in ("torch", "keras", "tensorflow"):
        monkeypatch.setitem(sys.modules, name, None)
    for form in FORMS:
        assert len(read(weights_file(ARRAYS, form), tmp_path).arrays) == len(ARRAYS)
