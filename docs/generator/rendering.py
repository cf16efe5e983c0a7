"""Public things as Markdown."""

import inspect
import re
from pathlib import Path

from accepts import must_be
from docstrings import docstring
from public import inherited_methods, is_estimator, is_value, methods, pages, parameters

import convnet

ROOT = Path(convnet.__file__).resolve().parents[1]  # of the package, wherever it is installed
INDEX = (Path(__file__).parent / "index.md").read_text(encoding="utf-8")
WIDTH = 100  # of a signature in one line
HEAD = "<!-- Written by docs/generator from the docstrings: change those, then run it. -->\n"
_TABLE = re.compile(r"^(=+(?: +=+)+)\n(.+?)\n\1$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(``.+?``|`[^`\n]+`)", re.DOTALL)


def write_all():
    """Return {file name: text} of all pages, the index included."""
    return {"README.md": _index()} | {f"{page.name}.md": _page(page) for page in pages()}


def _index():
    rows = []
    for page in pages():
        links = [f"[`{t.__name__}`]({page.name}.md#{t.__name__.lower()})" for t in page.things]
        rows.append(f"| [{_title(page)}]({page.name}.md) | {', '.join(links)} |")
    return "\n".join([HEAD, INDEX, "| page | |", "|---|---|", *rows, ""])


def _title(page):
    return page.name.capitalize() if page.name.islower() else page.name


def _page(page):
    parts = [HEAD, f"# {_title(page)}\n"]
    if page.intro:
        parts.append(page.intro + "\n")
    if len(page.things) > 1:
        rows = [
            f"| [`{t.__name__}`](#{t.__name__.lower()}) | {_cell(t, page)} |" for t in page.things
        ]
        parts += ["| | |", "|---|---|", *rows, ""]
    for heading, things in page.groups.items():
        if heading:
            parts.append(f"# {heading}\n")
        for thing in things:
            own_page = _title(page) == thing.__name__
            parts += [] if own_page else [f"## {thing.__name__}\n"]
            parts += _thing(thing, page, "##" if own_page else "###")
    return "\n".join(parts).rstrip() + "\n"


def _cell(thing, page):
    return _prose(docstring(thing).summary, page).replace("|", "\\|")


def _thing(thing, page, level):
    doc = docstring(thing)
    parts = [_signature(thing), f"[Source]({_source(thing)})\n", *_body(thing, doc, page)]
    if not inspect.isclass(thing):
        return parts
    own = methods(thing)
    if own:
        parts.append(f"{level} Methods{'' if level == '##' else f' of {thing.__name__}'}\n")
    for name, function in own.items():
        parts.append(f"{level}# {name}\n")
        parts += [_signature(function), *_body(function, docstring(function), page)]
    names = ", ".join(f"`{name}`" for name in inherited_methods(thing))
    if is_estimator(thing) and names:
        parts.append(f"From scikit-learn's base classes: {names}.\n")
    return parts


def _body(thing, doc, page):
    parts = [_prose(doc.summary, page) + "\n"]
    if doc.description:
        parts.append(_prose(doc.description, page) + "\n")
    for section in ("Parameters", "Attributes", "Returns", "Yields", "Raises", "Warns"):
        if doc.sections.get(section):
            parts.append(f"**{section}**\n")
            parts += [_entry(thing, section, entry, page) for entry in doc.sections[section]]
            parts.append("")
    if "Notes" in doc.sections:
        parts.append("**Notes**\n\n" + _prose(doc.sections["Notes"], page) + "\n")
    if "References" in doc.sections:
        text = re.sub(
            r"^\.\. \[(\w+)\]\s+", r"- [\1] ", doc.sections["References"], flags=re.MULTILINE
        )
        parts.append(
            "**References**\n\n"
            + re.sub(r"^ +", "  ", _prose(text, page), flags=re.MULTILINE)
            + "\n"
        )
    if "Examples" in doc.sections:
        parts.append(f"**Examples**\n\n```python\n{doc.sections['Examples']}\n```\n")
    return parts


def _entry(thing, section, entry, page):
    names = ", ".join(f"`{name}`" for name in entry.names if name)
    kind, _, default = entry.kind.partition(", default=")
    what = [_prose(kind, page)] if kind else []
    if section == "Parameters" and inspect.isclass(thing):
        what += sorted({must_be(thing, name, kind) for name in entry.names} - {""})
    if default:
        what.append(f"default `{default}`")
    head = f"- **{names}**" * bool(names) + ": " * bool(names and what) + "; ".join(what)
    head = head if names else f"- {head}"
    text = _prose(entry.text, page).replace("\n", "\n  ")
    return f"{head}  \n  {text}" if text else head


def _signature(thing):
    kept = [p.replace(annotation=p.empty) for p in parameters(thing)]
    line = f"{thing.__name__}{inspect.Signature(kept)}"
    if len(line) > WIDTH:
        texts = [str(p) for p in kept]
        stars = [i for i, p in enumerate(kept) if p.kind is p.KEYWORD_ONLY][:1]
        for i in stars:
            texts.insert(i, "*")
        line = f"{thing.__name__}(\n" + "".join(f"    {text},\n" for text in texts) + ")"
    return "```python\n{}\n```\n".format(line.replace("'", '"'))  # as the code is formatted


def _source(thing):
    path = Path(inspect.getsourcefile(inspect.unwrap(thing))).resolve()
    return f"../../{path.relative_to(ROOT).as_posix()}"


def _prose(text, page):
    """Return text with links at the names of public things and `<` made harmless; code stays as it is."""
    parts = _CODE.split(re.sub(r"\[(\w+)\]_", r"[\1]", _TABLE.sub(_table, text)))
    return "".join(_code(p, page) if i % 2 else p.replace("<", "&lt;") for i, p in enumerate(parts))


def _table(match):
    """Return a simple table of reStructuredText, without a head, in Markdown; its columns begin where rules do."""
    starts = [rule.start() for rule in re.finditer("=+", match[1])]
    ends = [*starts[1:], None]
    rows = [
        [line[a:b].strip() for a, b in zip(starts, ends, strict=True)]
        for line in match[2].splitlines()
    ]
    width = len(starts)
    return "\n".join(f"| {' | '.join(row)} |" for row in [[""] * width, ["---"] * width, *rows])


def _code(text, page):
    """Return code, linked to the page or the entry that it names.

    If there are several, that is the one of `page`, then a value: what a call as in ``Step()`` builds.
    """
    code = text.strip("`")
    word = code.removesuffix("()")

    def rank(other):
        named = any(is_value(t) and t.__name__ == word for t in other.things)
        return other is not page, not named

    for other in sorted(pages(), key=rank):
        where = "" if other is page else f"{other.name}.md"
        if word == f"convnet.{other.name}":
            return f"[`{code}`]({where or f'{page.name}.md'})"
        if word.removeprefix(f"convnet.{other.name}.") in [t.__name__ for t in other.things]:
            return f"[`{code}`]({where}#{word.rpartition('.')[2].lower()})"
    return f"`{code}`"
