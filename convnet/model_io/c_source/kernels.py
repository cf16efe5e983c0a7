"""The kernels of csrc that some C code calls, without the functions, types and macros that it does not reach.

csrc is formatted code: each function, type or macro begins in the first column, and nothing else does except its last
line, directives, comments and calls of macros. So it can be divided into items by lines. An item refers to others by
their names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


PACKAGE = Path(__file__).parents[2]
FOLDER = "kernels"  # of the exported files
WHOLE = "isa/"  # the folder of files that paste names together, so they are kept whole
LISTS = "activations.def", "params.def"  # which have entries that nothing refers to by name
ROOTS = {"cn_activation", "cn_dtype"}  # enums whose constants are pasted together
TEMPLATE_MACROS = {"CN_TEMPLATE", "VW", "NV"}  # which say how a template is included

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
STRING = re.compile(r'"[^"\n]*"')
INCLUDED = re.compile(r'^\s*#(?:include|define CN_TEMPLATE) "([^"]+)"', re.MULTILINE)
EMPTY_CONDITION = re.compile(
    r"^#if(?:def|ndef)? .*\n(?:#el(?:se|if).*\n|\s*\n)*#endif.*\n", re.MULTILINE
)
BEFORE = r"^(?:/\*(?:[^*]|\*(?!/))*\*/\n)?"  # a comment on an entry of a list
FAMILY = re.compile(BEFORE + r"CN_FAMILY\((\w+)\)\n.*?^CN_END\(\1\)\n\n?", re.DOTALL | re.MULTILINE)
ACTIVATION = re.compile(
    BEFORE + r"CN_ACTIVATION\((\w+),.*?\)\n(?=CN_|/\*|\n|#)", re.DOTALL | re.MULTILINE
)
DTYPE = re.compile(r"ITEM\((\w+), (\w\d), (\w+), (?:\(\w+\)|\w+)\)")


def csrc() -> Path:
    """Return the folder of the kernels: inside an installed package, or beside the package in a checkout."""
    folders = PACKAGE / "csrc", PACKAGE.parent / "csrc"
    found = next((folder for folder in folders if (folder / "convnet.h").is_file()), None)
    if found is None:
        raise FileNotFoundError(
            f"to_c: the kernels are missing. There is no {folders[0] / 'convnet.h'}. Install convnet again."
        )
    return found


@dataclass
class _Item:
    """A part of a file that is kept or dropped as a whole.

    `names` are those that others refer to it by. Without names, it is kept if its file is.
    """

    text: str
    names: set[str] = field(default_factory=set)
    kept: bool = False


def pruned_kernels(code: str, dtype: str) -> dict[str, str]:
    """Return the kernel files that C code includes, by their paths, with what the code needs of them.

    Parameters
    ----------
    code : str
        The C code. It includes kernels as ``#include "kernels/..."``.
    dtype : str
        NumPy's code of the only type that X has, such as "u1".
    """
    roots = re.findall(rf'^#include "{FOLDER}/(.+)"', code, re.MULTILINE)
    files = {name: _items(_source(name)) for name in _closure(roots) if not _is_whole(name)}
    for item in files["convnet.h"]:
        if item.names == {"CN_DTYPE_LIST"}:
            item.text = _one_dtype(item.text, dtype)
    used = _reach(code, roots, files)
    live = {name for name in files if _is_live(name, files)}
    texts = {name: _joined(items, live) for name, items in files.items() if name in live}
    texts |= {name: _filtered(name, used) for name in LISTS}
    texts |= {name: _source(name) for name in _closure(roots) if name.startswith(WHOLE)}
    return {f"{FOLDER}/{name}": texts[name] for name in sorted(_closure(roots, texts))}


def dtype_names(dtype: str) -> tuple[str, str]:
    """Return the constant and the C type of a type of X, such as ("CN_UINT8", "uint8_t") for "u1"."""
    found = {
        code: (f"CN_{constant}", c_type)
        for constant, code, c_type in DTYPE.findall(_source("convnet.h"))
    }
    return found[dtype]


def file_of_stage(stage: str) -> str:
    """Return the path in csrc of the file that defines the kernel of a stage."""
    return _files_of_stages()[stage]


@cache
def _files_of_stages() -> dict[str, str]:
    found = {}
    for name in INCLUDED.findall(_source("stages.def")):
        for stage in re.findall(
            r"^static void (\w+)\(const cn_\w+_params \*op,", _source(name), re.MULTILINE
        ):
            found[stage] = name
    return found


@cache
def _source(name: str) -> str:
    return (csrc() / name).read_text(encoding="utf-8")


def _is_whole(name: str) -> bool:
    return name.startswith(WHOLE) or name.endswith(".def")


def _closure(roots: Iterable[str], texts: Mapping[str, str] | None = None) -> set[str]:
    """Return some files and those that they include. `texts`: what is left of the files."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += INCLUDED.findall(_source(name) if texts is None else texts[name])
    return found


def _items(source: str) -> list[_Item]:
    items, comment, lines = [], "", source.splitlines(keepends=True)
    while lines:
        text = lines.pop(0)
        if not text.strip():
            items.append(_Item(comment + text))
            comment = ""
            continue
        if text.startswith("/*"):
            while "*/" not in text:
                text += lines.pop(0)
            comment += text
            continue
        if text.startswith("#"):
            while text.endswith("\\\n"):
                text += lines.pop(0)
        else:
            while not _is_complete(text):
                text += lines.pop(0)
        items.append(_Item(comment + text, _names(text)))
        comment = ""
    guards = [item.names for item in items if item.text.endswith("_H\n")]
    for names in guards:
        names.clear()
    return items


def _is_complete(text: str) -> bool:
    code = COMMENT.sub("", text)
    if "/*" in code or code.count("{") != code.count("}"):
        return False
    return code.rstrip().endswith((";", "}", ")"))


def _names(text: str) -> set[str]:
    """Return the names that others refer to an item by."""
    if text.startswith("#"):
        return set(re.findall(r"^#define (\w+)", text))
    code = COMMENT.sub("", text)
    if re.match(r"enum\b", code):
        return set(re.findall(r"\bCN_\w+|\bcn_\w+", re.sub(r"^#.*$", "", code, flags=re.MULTILINE)))
    if code.startswith("typedef"):
        return set(re.findall(r"\(\*(\w+)\)\(|(\w+);\s*$", code)[-1]) - {""}
    if not re.match(r"(static|extern|CN_INLINE|const|int|int64_t|void) ", code):
        return set()  # a call of a macro
    called = re.search(r"NAME\((\w+)\)\(|(\w+)[(\[]", code)
    return {called[1] or called[2]} if called else set()


def _reach(code: str, roots: Iterable[str], files: dict[str, list[_Item]]) -> set[str]:
    """Mark the items that are needed as kept. Return all words of what is needed."""
    used = set(ROOTS)
    waiting = [code, *(_source(name) for name in _closure(roots) if name.startswith(WHOLE))]
    read: set[str] = set()
    while waiting:
        for text in waiting:
            used.update(re.findall(r"\w+", STRING.sub("", COMMENT.sub("", text))))
        waiting = []
        for name, items in files.items():
            live = _is_live(name, files)
            for item in items:
                if not item.kept and (item.names & used or (live and not item.names)):
                    item.kept = True
                    waiting.append(item.text)
        lists = [name for name in LISTS if name not in read or waiting]
        waiting += [text for text in (_filtered(name, used) for name in lists) if text not in read]
        read.update(waiting)
    return used


def _is_live(name: str, files: Mapping[str, list[_Item]]) -> bool:
    """Return whether a file, or a template that it includes, has something that is needed."""
    for item in files[name]:
        if item.kept and item.names - TEMPLATE_MACROS:
            return True
        template = item.names & TEMPLATE_MACROS and INCLUDED.findall(item.text)
        if template and _is_live(template[0], files):
            return True
    return False


def _joined(items: list[_Item], live: set[str]) -> str:
    """Return what is left of a file. An unneeded file that it includes is replaced by the needed ones below that."""
    texts = []
    for item in items:
        included = [name for name in INCLUDED.findall(item.text) if not _is_whole(name)]
        if not item.names and not live.issuperset(included):
            lines = (f'#include "{name}"\n' for name in _needed(included[0], live))
            texts += [line for line in lines if line not in texts]
        elif item.kept or not item.names:
            texts.append(item.text)
    text = "".join(texts)
    while text != (shorter := EMPTY_CONDITION.sub("", text)):
        text = shorter
    return re.sub(r"\n{3,}", "\n\n", text)


def _needed(name: str, live: set[str]) -> list[str]:
    """Return a file, or the needed files that it includes if it is not needed itself."""
    if name in live:
        return [name]
    inner = INCLUDED.findall(_source(name))
    return [one for other in inner if not _is_whole(other) for one in _needed(other, live)]


def _filtered(name: str, used: set[str]) -> str:
    """Return a list with the entries that are used."""
    if name == "params.def":
        return FAMILY.sub(lambda m: m[0] if f"cn_{m[1]}_params" in used else "", _source(name))
    return ACTIVATION.sub(lambda m: m[0] if f"CN_{m[1]}" in used else "", _source(name))


def _one_dtype(text: str, dtype: str) -> str:
    """Return CN_DTYPE_LIST with one entry."""
    entry = next(m[0] for m in DTYPE.finditer(text) if m[2] == dtype)
    head = text[: text.index("#define")]
    return f"{head}#define CN_DTYPE_LIST(ITEM) {entry}\n"
