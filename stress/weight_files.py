"""Makes hostile files of weights: correct containers with wrong contents, and files with wrong bytes."""

import io
import json
import struct
import zipfile

import h5py
import numpy as np
import safetensors.numpy
from torch_files import ItemsOfPython2, TextOfPython2, archive, dumps, sequence, state

RNG = np.random.default_rng(0)
SHAPES = {
    "conv.weight": (4, 2, 3, 3),
    "conv.bias": (4,),
    "bn.weight": (4,),
    "bn.bias": (4,),
    "bn.running_mean": (4,),
    "bn.running_var": (4,),
    "prelu.weight": (4,),
    "fc.weight": (3, 4),
    "fc.bias": (3,),
}
ARRAYS = {name: RNG.random(shape).astype(np.float32) for name, shape in SHAPES.items()}
KERAS_VARS = {"weight": 0, "bias": 1, "running_mean": 2, "running_var": 3}
ENDINGS = {
    "archive": "pth",
    "sequence": "pth",
    "python2": "pth",
    "safetensors": "safetensors",
    "npz": "npz",
    "h5": "h5",
}
PICKLED = ("archive", "sequence", "python2")
# Operations, numbers and names that a pickle could have anywhere.
PIECES = (
    *(b"]", b"]]e", b"](K\x01K\x02ea", b"\x85R", b"U\xff", b"T\xff\xff\xff\x7f", b"ccollections\nOrderedDict\n"),
    *(b".", b"0", b"(", b"R", b"b", b"Q", b"u", b"s", b"t", b"}", b"]", b"a", b"e", b"i", b"o", b"\x81", b"2"),
    *(b"r\xff\xff\xff\xff", b"X\xff\xff\xff\x7f", b"\x8d" + b"\xff" * 8, b"h\xff", b"j\xff\xff\xff\xff"),
    *(b"\x8a\xff", b"\x8b\xff\xff\xff\x7f", b"cos\nsystem\n", b"cbuiltins\neval\n", b"X\x09\0\0\0touch ran"),
    *(b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch\nLongStorage\n", b"M\xff\xff", b"J\xff\xff\xff\xff"),
)  # fmt: skip


def whole(form):
    """Return a correct file."""
    file = io.BytesIO()
    if form == "npz":
        np.savez(file, **ARRAYS)
    elif form == "safetensors":
        return safetensors.numpy.save(ARRAYS)
    elif form == "h5":
        with h5py.File(file, "w") as root:
            for name, array in ARRAYS.items():
                module, _, role = name.partition(".")
                array = array.transpose(*range(2, array.ndim), 1, 0) if array.ndim > 1 else array
                root[f"layers/{module}/vars/{KERAS_VARS[role]}"] = array
    else:
        return (archive if form == "archive" else sequence)(*saved(form))
    return file.getvalue()


def saved(form):
    """Return the value and the storages of a file of torch.save."""
    value, storages = state(ARRAYS, form)
    if form == "python2":
        tensors = value.value.items
        value = ItemsOfPython2({TextOfPython2(name): tensor for name, tensor in tensors.items()})
    return value, storages


def altered_pickle(form, draw):
    """Return a file of torch.save with a few pieces of its pickle replaced, removed or inserted."""
    value, storages = saved(form)
    data = bytearray(dumps(value))
    for _ in range(draw.choice((1, 1, 2, 5))):
        at = draw.randrange(2, len(data))
        how = draw.random()
        if how < 0.4:  # where an integer is: sizes, strides, offsets
            places = [i for i in range(len(data) - 18) if data[i : i + 2] == b"\x8a\x10"]
            at = draw.choice(places) + 2 if places else at
            number = draw.choice((-1, 0, 1, 2, 3, 5, 37, 2**31, 2**62, 2**63, 2**100))
            data[at : at + 16] = number.to_bytes(16, "little", signed=True)
        elif how < 0.7:
            data[at:at] = draw.choice(PIECES)
        elif how < 0.8:
            piece = draw.choice(PIECES)
            data[at : at + len(piece)] = piece
        elif how < 0.9:
            del data[at : at + draw.choice((1, 2, 8, 50))]
        else:
            data[at] = draw.randrange(256)
    if draw.random() < 0.1:
        key = draw.choice(list(storages))
        storages[key] = storages[key][: draw.randrange(len(storages[key]))]
    return (archive if form == "archive" else sequence)(bytes(data), storages)


def altered_entry_header(data, draw):
    """Return a safetensors file with another value in its header, or an .npz file with another header of an array."""
    if data[:2] != b"PK":
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        entry = header[draw.choice(list(ARRAYS))]
        key = draw.choice(("dtype", "shape", "data_offsets"))
        entry[key] = draw.choice(
            (
                "F64",
                "F16",
                "BF16",
                "I8",
                "F8",
                [],
                [0],
                [2**40],
                [-1],
                [2**40, 2**40],
                [0, 2**40],
                [4, 0],
                None,
                3.5,
            )
        )
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + data[8 + length :]
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        names = old.namelist()
        chosen = draw.choice(names)
        for name in names:
            content = old.read(name)
            if name == chosen:
                for before, after in (
                    (b"<f4", draw.choice((b"<f8", b"<f2", b"|O ", b"<c8", b"|V9", b"<i4", b">f4"))),
                    (b"False", draw.choice((b"False", b"True ", b"None "))),
                    (b"(4,", draw.choice((b"(4,", b"(9,", b"(-1", b"[4,", b"(4."))),
                ):
                    content = content.replace(before, after) if draw.random() < 0.5 else content
            new.writestr(name, content)
    return file.getvalue()
