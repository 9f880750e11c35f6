"""What pages are made of. Text from outside goes through `tag` alone, and is never markup."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from burnish.dashboard import words

_ICONS = {
    "jobs": "M4 19V5M4 19h16M8 15l4-5 3 3 5-7",
    "create": "M12 5v14M5 12h14",
    "playground": "M4 5h16v11H9l-5 4z",
    "evals": "M4 6l2 2 3-4M4 13l2 2 3-4M12 6h8M12 13h8M4 20h16",
    "files": "M6 3h8l4 4v14H6zM14 3v4h4",
    "models": "M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12v9M12 12L4 7.5",
    "settings": "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4",
    "menu": "M4 7h16M4 12h16M4 17h16",
}


TYPED = "(event) => emit(event.target.value)"
"""What a field's events bring along: what it holds."""


class Tag(TextElement):
    """An HTML element whose text, if it has any, is text."""


def tag(name: str, classes: str = "", text: str = "", /, **attributes: Any) -> Tag:
    """An element; underscores of attribute names are hyphens.

    An input's `value` is what it begins with: as a property Vue would set it again, over what was typed since.
    """
    element = Tag(tag=name, text=text)
    if classes:
        element.classes(classes)
    for key, value in attributes.items():
        is_begun = name == "input" and key == "value"
        element.props["^value" if is_begun else key.replace("_", "-")] = value
    return element


def icon(name: str) -> None:
    """One of the few drawings."""
    ui.html(f'<svg viewBox="0 0 24 24"><path d="{_ICONS[name]}"/></svg>', sanitize=False).classes("icon")


def button(text: str, act: Callable[..., Any] | None = None, classes: str = "", **attributes: Any) -> Tag:
    """Something to press."""
    made = tag("button", f"btn {classes}".strip(), text, type="button", **attributes)
    if act is not None:
        made.on("click", act)
    return made


def code(text: str) -> None:
    """Text to copy, and what copies it."""
    with tag("div", "stack"):
        tag("pre", "pre", text)
        with tag("div", "row"):
            copy = button("Copy", classes="small", data_copy=text)
            copy.on("click", js_handler="(event) => window.burnish.copy(event.currentTarget)")


def link(text: str, target: str, classes: str = "") -> Tag:
    """A way to another page."""
    return tag("a", classes, text, href=target)


def trail(*steps: tuple[str, str]) -> None:
    """The way down to this page: names and addresses of those above it."""
    with tag("nav", "row small trail", aria_label="Above this page"):
        for place, (name, target) in enumerate(steps):
            if place:
                tag("span", "faint", "›")
            link(name, target, "linked")


def moment(at: float | None, form: str = "day", classes: str = "small num") -> Tag:
    """A time, told in the reader's zone by the page itself."""
    return tag("time", classes, "" if at else words.NOTHING, **({"data_at": int(at), "data_form": form} if at else {}))


def pill(status: str) -> Tag:
    """A job's state."""
    return tag("span", f"pill {status}", words.status(status))


def stat(name: str, value: str = words.NOTHING) -> Tag:
    """A figure with its name below; what is given back is the figure."""
    with tag("div", "stat"):
        figure = tag("b", "", value)
        tag("span", "", name)
    return figure


def heads(*names: str) -> None:
    """The head of a table."""
    with tag("thead"), tag("tr"):
        for name in names:
            tag("th", "", name)


@contextmanager
def named(title: str) -> Iterator[None]:
    """A field with its name above; the block makes the field."""
    with tag("label", "named"):
        tag("span", "", title)
        yield


def pairs(rows: Sequence[tuple[str, str]]) -> None:
    """Names and values in two columns."""
    with tag("div", "pairs"):
        for name, value in rows:
            tag("span", "", name)
            tag("span", "mono", value)


def empty(title: str, text: str, *actions: tuple[str, str]) -> None:
    """What stands where there is nothing yet: what to do about it."""
    with tag("div", "empty"):
        tag("h2", "", title)
        tag("p", "", text)
        with tag("div", "row"):
            for name, target in actions:
                link(name, target, "btn main-action")


def spark(curve: Sequence[Sequence[float]]) -> str:
    """A small curve as SVG; it is made of numbers alone."""
    values = [float(value) for _, value in curve]
    if len(values) < 2:
        return '<svg class="spark" viewBox="0 0 120 30"></svg>'
    low, high = min(values), max(values)
    reach = (high - low) or 1.0
    spots = [
        f"{place * 120 / (len(values) - 1):.1f},{27 - 24 * (value - low) / reach:.1f}"
        for place, value in enumerate(values)
    ]
    line = " ".join(spots)
    return (
        '<svg class="spark" viewBox="0 0 120 30" preserveAspectRatio="none" aria-hidden="true">'
        f'<polygon points="0,30 {line} 120,30"/><polyline points="{line}"/></svg>'
    )


def options(choices: Iterable[tuple[str, str]], chosen: str) -> None:
    """What a `select` offers: values and names."""
    for value, name in choices:
        tag("option", "", name, value=value, **({"selected": True} if value == chosen else {}))
