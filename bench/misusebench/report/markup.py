"""Pieces of HTML: every text passes through `html.escape` here and nowhere else."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HERE: Final = Path(__file__).parent
_HEAT: Final = 10
#: Rows from which a table scrolls below its head.
_LONG: Final = 25


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table."""

    text: str
    value: float | None = None  # what sorting goes by; None: the text
    small: str = ""  # a second, smaller line
    style: str = ""  # class
    title: str = ""  # shown on hover

    def html(self) -> str:
        """Return the cell's element."""
        style = f' class="{self.style}"' if self.style else ""
        value = "" if self.value is None else f' data-value="{self.value:.10g}"'
        title = f' title="{_safe(self.title)}"' if self.title else ""
        small = f"<small>{_safe(self.small)}</small>" if self.small else ""
        return f"<td{style}{value}{title}>{_safe(self.text)}{small}</td>"


def _safe(text: object) -> str:
    """Return text for HTML, without control characters and the separators of U+2028."""
    shown = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in str(text))
    return escape(shown, quote=True)


def heat(text: str, share: float, small: str = "", title: str = "") -> Cell:
    """Return a cell whose background says a share from 0 to 1; the number is there too."""
    level = max(0, min(_HEAT, round(share * _HEAT)))
    return Cell(text, share, small, f"h h{level}", title)


def table(
    caption: str,
    heads: Sequence[str | tuple[str, str]],
    rows: Iterable[tuple[str, str, Sequence[Cell]]],
    *,
    sortable: bool = True,
    text: bool = False,
) -> str:
    """Return a table.

    Parameters
    ----------
    caption
        What it shows.
    heads
        Column heads, the first of the row heads; a pair has an explanation, which a mouse shows
        and a list below the table says.
    rows
        (row head, class of the row, cells).
    sortable
        Whether a script may let readers sort it.
    text
        Whether all columns hold text rather than numbers.
    """
    rows = list(rows)
    words = [True, *("text" in cell.style.split() for cell in rows[0][2])] if rows else [True]
    left = [text or (place < len(words) and words[place]) for place in range(len(heads))]
    head = "".join(_head(told, left=own) for told, own in zip(heads, left, strict=True))
    body = "".join(
        f'<tr{_class(style)}><th scope="row">{_safe(name)}</th>'
        f"{''.join(cell.html() for cell in cells)}</tr>\n"
        for name, style, cells in rows
    )
    kind = ' class="sortable"' if sortable else ""
    long = " long" if body.count("\n") > _LONG else ""
    label = _safe(caption)
    return (
        f'<div class="scroll{long}" role="region" tabindex="0" aria-label="{label}"><table{kind}>'
        f"<caption>{_safe(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n{_terms(heads)}"
    )


def _terms(heads: Iterable[str | tuple[str, str]]) -> str:
    """Return what column heads mean, as a list that opens: keyboards and fingers cannot hover."""
    told = [
        f"<div><dt>{_safe(one[0])}</dt><dd>{_safe(one[1])}</dd></div>\n"
        for one in heads
        if not isinstance(one, str)
    ]
    if not told:
        return ""
    return folded("What the columns mean", f"<dl>\n{''.join(told)}</dl>\n", "terms")


def _head(told: str | tuple[str, str], *, left: bool) -> str:
    name, why = (told, "") if isinstance(told, str) else told
    title = f' title="{_safe(why)}"' if why else ""
    return f'<th scope="col"{_class("text" if left else "")}{title}>{_safe(name)}</th>'


def _class(style: str) -> str:
    return f' class="{style}"' if style else ""


def paragraph(text: str, style: str = "") -> str:
    """Return a paragraph."""
    return f"<p{_class(style)}>{_safe(text)}</p>\n"


def section(name: str, title: str, body: str) -> str:
    """Return a section with its heading."""
    return f'<section id="{name}">\n<h2>{_safe(title)}</h2>\n{body}</section>\n'


def figure(caption: str, svg: str) -> str:
    """Return a drawing with a caption that says what it shows."""
    shown = scrolling(f"Figure: {caption}", svg)
    return f"<figure><figcaption>{_safe(caption)}</figcaption>\n{shown}</figure>\n"


def scrolling(label: str, body: str) -> str:
    """Return HTML that scrolls where it is too wide, with the keyboard too."""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{_safe(label)}">{body}</div>\n'
    )


def preformatted(text: str) -> str:
    """Return text as it stands."""
    return f"<pre>{_safe(text)}</pre>\n"


def facts(told: Sequence[tuple[str, str]]) -> str:
    """Return short facts in boxes."""
    boxes = "".join(f"<div><dt>{_safe(k)}</dt><dd>{_safe(v)}</dd></div>" for k, v in told)
    return f'<dl class="facts">{boxes}</dl>\n'


def verdict(status: str, text: str, lines: Sequence[str], note: str = "") -> str:
    """Return the box of the verdict: what it is, a note, and what did not pass."""
    points = "".join(f"<li>{_safe(line)}</li>" for line in lines)
    listed = f"<ul>{points}</ul>" if points else ""
    return (
        f'<div class="verdict {_safe(status)}" role="status"><strong>{_safe(text)}</strong>'
        f"{paragraph(note) if note else ''}{listed}</div>\n"
    )


def folded(summary: str, body: str, style: str = "", more: str = "") -> str:
    """Return what opens when asked, with the keyboard too; `body` and `more` are HTML.

    Parameters
    ----------
    summary
        What is there, in words.
    body
        What opens.
    style
        Class.
    more
        HTML that stands behind the summary's words.
    """
    return f"<details{_class(style)}><summary>{_safe(summary)}{more}</summary>\n{body}</details>\n"


def small(text: str) -> str:
    """Return words in small type."""
    return f" <small>{_safe(text)}</small>"


def listed(items: Sequence[str], style: str = "") -> str:
    """Return a list."""
    return f"<ul{_class(style)}>" + "".join(f"<li>{_safe(one)}</li>" for one in items) + "</ul>\n"


def island(data: Any) -> str:
    """Return aggregated data for the page's script: JSON in which nothing can end the element."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f'<script type="application/json" id="page-data">{text}</script>\n'


def page(
    title: str, lead: str, sections: Sequence[tuple[str, str, str]], top: str, data: Any = None
) -> str:
    """Return the whole page; nothing in it asks for anything outside.

    Parameters
    ----------
    title, lead
        Heading, and the sentence below it.
    sections
        (id, heading, body).
    top
        What stands before the first section.
    data
        Aggregates for the script that filters; none if there is nothing to filter.
    """
    style = (_HERE / "style.css").read_text(encoding="utf-8")
    scripts = ["sort.js"] if data is None else ["sort.js", "filter.js"]
    script = "".join((_HERE / name).read_text(encoding="utf-8") for name in scripts)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    links = "".join(f'<li><a href="#{n}">{_safe(t)}</a></li>' for n, t, _ in sections)
    body = "".join(section(*one) for one in sections)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">\n'
        f"<title>{_safe(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<header><h1>{_safe(title)}</h1>\n{paragraph(lead, 'lead')}</header>\n"
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n<main>\n{top}{body}</main>\n'
        f"{'' if data is None else island(data)}<script>{script}</script>\n</body>\n</html>\n"
    )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
