"""Makes hostile files whose containers are valid: the checksums of archive, header and description are correct."""

import io
import json
import struct
import zipfile
import zlib

import numpy as np

from convnet.data.folder.disk_cache import CRC, MAGIC, TRAILER
from convnet.persistence import model_file

DEEP = "[" * 90 + "]" * 90
# Replacements for a JSON value, as text: json.dumps would refuse some of them.
JSON = (
    *("null", "true", "false", "-1", "0", "1", "2", "3", "255", "1e308", "-0.0", "1e-320", "NaN", "Infinity"),
    *("4294967296", "9223372036854775808", "1" + "0" * 400, "1" + "0" * 4400, '""', '"x"', '"\\u0000"', '"auto"'),
    *('"' + "x" * 100_000 + '"', "[]", "{}", "[[]]", DEEP, "[" * 100_000, '{"type": "Conv2D"}', '"conv2d.json"'),
    *('{"tuple": []}', '{"dict": [[[], 1]]}', '{"dict": 3}', '{"float": "inf"}', '{"float": "x"}', '{"bytes": "é"}'),
    *('{"dtype": "O"}', '{"dtype": "<U3"}', '{"dtype": "V9999999999"}', '{"dtype": ",,"}', '{"eval": "1"}'),
    *('{"array": ["<i8", [1099511627776], [1]]}', '{"array": ["<U99999999", [0], []]}'),
    *('{"array": ["|O", [1], [null]]}', '{"array": ["|O", [2], ["a", 1]]}'),
    *('{"array": ["<f8", [2, 2], [1, 2, 3, 4]]}', '{"array": ["<i8", [], [1]]}', '{"array": ["<M8[D]", [1], [1]]}'),
    *('{"array": ["<i8", [3], [0, 1, 2]]}', '{"array": ["<i8", [67108864, 67108864, 0], []]}'),
)  # fmt: skip
KINDS = (
    "<f4",
    ">f4",
    "<f8",
    "<f2",
    "|O",
    "|V4",
    "<U1",
    "|u1",
    "<i8",
    "V99999999999",
    "f4,f4",
    "<M8[D]",
    "x",
    "(2,)<f4",
)
SHAPES = (
    "(1,)",
    "()",
    "(0,)",
    "(-1,)",
    "(1099511627776,)",
    "(4611686018427387904, 4)",
    "(2**40,)",
    "(True,)",
    "(1.5,)",
)
SHAPES += ("[3]", "None", f"({'1,' * 64})", f"({'1,' * 2000})", "(" * 300 + ")" * 300)


class Marked(str):
    """Text that `dumps` writes into JSON verbatim."""


def dumps(value):
    """Return JSON with `Marked` texts verbatim."""
    marks = []

    def mark(found):
        if isinstance(found, Marked):
            marks.append(found)
            return f"\0{len(marks) - 1}\0"
        if isinstance(found, dict):
            return {key: mark(inner) for key, inner in found.items()}
        return [mark(inner) for inner in found] if isinstance(found, list) else found

    text = json.dumps(mark(value))
    for i, found in enumerate(marks):
        text = text.replace(f'"\\u0000{i}\\u0000"', found)
    return text


def paths(value, path=()):
    """Yield the path of each value inside nested dicts and lists, starting with the whole."""
    yield path
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, one in inner:
        yield from paths(one, (*path, key))


def with_value(value, path, new):
    """Return a copy of nested dicts and lists with `new` at a path, or without it if `new` is None."""
    if not path:
        return new
    key, *rest = path
    if isinstance(value, dict):
        changed = dict(value)
        if not rest and new is None:
            del changed[key]
        else:
            changed[key] = with_value(value[key], rest, new)
        return changed
    inner = with_value(value[key], rest, new)
    return [*value[:key], *([] if inner is None else [inner]), *value[key + 1 :]]


def altered_json(value, draw):
    """Return JSON text with one or two values replaced, removed, duplicated or added."""
    for _ in range(draw.choice((1, 1, 1, 2))):
        listed = [path for path in paths(value) if path]
        if not listed:
            break
        path, how = draw.choice(listed), draw.random()
        if how < 0.08:
            new = None
        elif how < 0.14:  # a value from elsewhere
            new = value
            for key in draw.choice(listed):
                new = new[key]
        else:
            new = Marked(draw.choice(JSON))
        value = with_value(value, path, new)
        if draw.random() < 0.05 and isinstance(value, dict):
            value = {**value, draw.choice(("x", "", "format", "layer")): Marked(draw.choice(JSON))}
    return dumps(value)


def container(ending, text, arrays, digest=None):
    """Return the bytes of a model file, with the correct checksum unless `digest` is given."""
    file = io.BytesIO()
    data = text.encode("ascii", "backslashreplace")
    texts = {
        "convnet": data.decode(),
        "digest": model_file._digest(data) if digest is None else digest,
    }
    model_file.ENDINGS[f".{ending}"].write(file, texts, arrays)
    return file.getvalue()


def altered_arrays(arrays, draw, change):
    """Return arrays of which one is changed, missing or duplicated under another name."""
    name = draw.choice(list(arrays))
    how = draw.random()
    if how < 0.1:
        return {key: array for key, array in arrays.items() if key != name}
    if how < 0.2:
        return arrays | {draw.choice(("x", "", "../x", "convnet2", "é")): arrays[name]}
    return arrays | {name: np.ascontiguousarray(change(arrays[name]))}


def npy(draw, array):
    """Return the bytes of an .npy file whose header does not describe its array."""
    kind, shape = draw.choice(KINDS), draw.choice((str(array.shape), *SHAPES))
    if draw.random() < 0.5:
        kind = array.dtype.str
    fields = {
        "descr": repr(kind),
        "fortran_order": draw.choice(("False", "True", "0", "None")),
        "shape": shape,
    }
    if draw.random() < 0.1:
        del fields[draw.choice(list(fields))]
    if draw.random() < 0.1:
        fields["x"] = "1"
    text = "{" + ", ".join(f"{key!r}: {value}" for key, value in fields.items()) + "}"
    if draw.random() < 0.1:
        text = draw.choice(
            ("", "x", "__import__('os')", "[" * 5000, "{" * 200, "1" * 9000, "'" + "é" * 10)
        )
    header = text.encode("latin-1") + b"\n"
    length = draw.choice((len(header),) * 8 + (0, 1, 65535))
    version = draw.choice((b"\1\0",) * 8 + (b"\2\0", b"\3\0", b"\0\0", b"\xff\xff"))
    data = array.tobytes()[: draw.choice((None, None, None, 0, 1, -1))]
    return b"\x93NUMPY" + version + struct.pack("<H", length) + header + data


def altered_archive(data, draw):
    """Return a NumPy archive with one altered entry and the CRC of that."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    name = draw.choice(list(entries))
    array = np.load(io.BytesIO(entries[name]))
    entries[name] = npy(draw, array)
    if draw.random() < 0.1:
        entries[draw.choice(("x", "x.npy", name.removesuffix(".npy"), "../x.npy"))] = entries[name]
    file = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if draw.random() < 0.05 else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", kind) as archive:
        for key, content in entries.items():
            archive.writestr(key, content)
        if draw.random() < 0.2:  # the directory's fields of an entry
            entry = archive.infolist()[draw.randrange(len(entries))]
            field = draw.choice(
                ("file_size", "compress_size", "header_offset", "CRC", "flag_bits", "compress_type")
            )
            setattr(
                entry,
                field,
                draw.choice((0, 1, 8, 99, 2**16 - 1) if "_" in field[-5:] else (0, 1, 2**31)),
            )
    return file.getvalue()


def altered_header(data, draw):
    """Return a safetensors file with an altered header, mostly of the correct length."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    text = altered_json(header, draw).encode("utf-8", "backslashreplace")
    size = draw.choice((len(text),) * 9 + (0, 2**63, 2**64 - 1, len(text) + 8))
    return struct.pack("<Q", size) + text + data[8 + length :]


def altered_bytes(data, draw):
    """Return bytes with some of them flipped, overwritten, removed, duplicated or inserted."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8))):
        at, n = draw.randrange(len(changed) or 1), draw.choice((1, 2, 4, 8, 64))
        how = draw.randrange(6)
        if how == 0 and changed:
            changed[at] ^= 1 << draw.randrange(8)
        elif how == 1:
            changed[at : at + n] = draw.choice((b"\0", b"\xff", b"\x7f")) * n
        elif how == 2:
            del changed[at : at + n]
        elif how == 3:
            changed[at:at] = draw.randbytes(n)
        elif how == 4:
            changed[at:at] = changed[: draw.randrange(len(changed) + 1)]
        else:
            del changed[at:]
    return bytes(changed)


def altered_entry(data, name, draw, change):
    """Return a zip archive with the content of one entry changed and the CRC of that."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(
                entry.filename, change(content, draw) if entry.filename == name else content
            )
    return file.getvalue()


def altered_rows(data, n, draw):
    """Return a cache file of n decoded rows with altered JSON and the checksum of that."""
    _, length, _ = TRAILER.unpack(data[-TRAILER.size :])
    end = len(data) - TRAILER.size - length
    text = altered_json(json.loads(data[end : -TRAILER.size]), draw).encode(
        "utf-8", "backslashreplace"
    )
    checksum = zlib.crc32(data[end - CRC.itemsize * n : end] + text)
    return data[:end] + text + TRAILER.pack(MAGIC, len(text), checksum)
