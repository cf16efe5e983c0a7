"""Programs as Markdown pages, and the index of them."""

import re

HEAD = "<!-- Written by docs/gallery_builder from {}: change that, then run it. -->\n"
INTRO = """\
# Gallery

What a net learnt, in pictures. Each page is a short program, what it prints and what it draws; the programs are in
[examples](../../examples), and `python docs/gallery_builder` runs them and writes this folder.
"""
COLUMNS = 3  # of the index
THUMBNAIL = 260  # pixels wide
PRINTED = "Prints:\n\n```text\n{}\n```\n"
_RESULTS = re.compile(r"^(?:Prints:\n\n```text\n.*?\n```|!\[[^\]]*\]\([^)]*\))\n+", re.S | re.M)


def page(program, results=None):
    """Return the page of a program and its pictures.

    Parameters
    ----------
    program : Program
    results : list of Result, default=None
        One for each block; None leaves out what is printed and drawn.

    Returns
    -------
    text : str
        Markdown.
    pictures : dict of bytes
        PNG by path in the folder of the page.
    """
    parts = [HEAD.format(f"examples/{program.path.name}"), f"# {program.title}\n"]
    pictures = {}
    for i, block in enumerate(program.blocks):
        parts.append(f"```python\n{block.content}\n```\n" if block.line else f"{block.content}\n")
        if results is None:
            continue
        printed, drawn = results[i]
        if printed:
            parts.append(PRINTED.format(printed))
        for description, png in drawn:
            path = f"images/{program.name}_{len(pictures) + 1}.png"
            pictures[path] = png
            parts.append(f"![{description.translate(_BRACKETS)}]({path})\n")
    parts.append(f"[The program](../../examples/{program.path.name}) · [All examples](README.md)\n")
    return "\n".join(parts), pictures


_BRACKETS = str.maketrans("[]", "()")


def without_results(text):
    """Return a page without what is printed and drawn."""
    return _RESULTS.sub("", text)


def index(programs, thumbnails):
    """Return the page that links to all.

    Parameters
    ----------
    programs : list of Program
    thumbnails : dict of str
        Path of the picture that stands for a program, by its name.
    """
    cells = [_cell(program, thumbnails.get(program.name)) for program in programs]
    cells += [""] * (-len(cells) % COLUMNS)
    rows = [f"| {' | '.join(cells[i : i + COLUMNS])} |" for i in range(0, len(cells), COLUMNS)]
    rule = "|" + ":---:|" * COLUMNS
    head = HEAD.format("examples/plot_*.py")
    return "\n".join([head, INTRO, "|" + "   |" * COLUMNS, rule, *rows, ""])


def _cell(program, thumbnail):
    link = f"[{program.title}]({program.name}.md)"
    if thumbnail is None:
        return link
    image = f'<img src="{thumbnail}" width="{THUMBNAIL}" alt="{program.title}">'
    return f'<a href="{program.name}.md">{image}</a><br>{link}'
