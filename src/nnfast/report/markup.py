"""markup: elements of a page. What is not an element itself is escaped, so that no name of a user's can be markup."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_VOID = frozenset({"img", "link", "meta"})
_LONG = 18  # characters of a row's name, beyond which it takes several lines


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


@dataclass(frozen=True)
class Section:
    """A part of the page, with the name and the title by which its table of contents knows it."""

    name: str
    title: str
    content: Markup


def element(tag: str, /, *children: object, **attributes: object) -> Markup:
    """Make an element. Underscores of attributes become dashes, those at the end fall off; None leaves one out."""
    words = (
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    start = f"<{tag}{''.join(words)}>"
    return Markup(start if tag in _VOID else f"{start}{join(children)}</{tag}>")


def join(children: Iterable[object]) -> Markup:
    """Put elements and texts one behind the other."""
    return Markup("".join(child if isinstance(child, Markup) else escape(str(child)) for child in children))


def make_section(name: str, title: str, *blocks: Markup) -> "Section":
    """Make a part of the page of its blocks."""
    return Section(name, title, element("section", element("h2", title), *blocks, id=name))


def make_facts(title: str, pairs: Iterable[tuple[str, object]]) -> Markup:
    """Make a list of names and values; nothing of no pairs."""
    rows = join(element("div", element("dt", name), element("dd", value)) for name, value in pairs)
    return element("div", element("h3", title), element("dl", rows), class_="facts") if rows else Markup()


def make_table(
    caption: str, head: Sequence[object], rows: Iterable[Sequence[object]], foot: Iterable[Sequence[object]] = ()
) -> Markup:
    """Make a table whose first column names the rows; it scrolls in its own box where a page is narrow."""
    titles = element("tr", *(element("th", title, scope="col") for title in head))
    parts = [element("caption", caption), element("thead", titles), element("tbody", *map(_make_row, rows))]
    if last := join(map(_make_row, foot)):
        parts.append(element("tfoot", last))
    return make_scroll(caption, element("table", *parts))


def make_scroll(label: str, content: Markup, class_: str = "scroll") -> Markup:
    """Put what may be wide into a box that scrolls, by keys too."""
    return element("div", content, class_=class_, role="region", tabindex="0", aria_label=label)


def _make_row(cells: Sequence[object]) -> Markup:
    name, *others = cells
    first = element("th", name, scope="row", class_="long" if len(str(name)) > _LONG else None)
    tail = (cell if isinstance(cell, Markup) and cell.startswith("<td") else element("td", cell) for cell in others)
    return element("tr", first, *tail)
