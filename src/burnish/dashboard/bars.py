"""Small bars: how many items came to what, and where a mean lies within its interval."""

from typing import Any

from burnish.dashboard import outcomes
from burnish.dashboard.pieces import Tag, tag

Json = Any


class Shares:
    """Passed, failed and errors of a run as parts of one bar; what is not done yet stays empty."""

    def __init__(self) -> None:
        with tag("div", "bar shares") as self.bar:
            self.parts = {name: tag("div", name) for name in ("passed", "failed", "errored")}

    def show(self, counts: Json) -> None:
        """The counts as they are now."""
        total = max(counts["total"], outcomes.done(counts), 1)
        for name, part in self.parts.items():
            part.style(f"width: {100 * counts[name] / total:.2f}%")
        told = f"{counts['passed']:,} passed, {counts['failed']:,} failed, {counts['errored']:,} errors"
        self.bar.props["title"] = told
        self.bar.update()


def reach(found: Json, low: float, high: float, look: str = "") -> Tag:
    """A mean as a dot on its 95 % interval, over an axis from `low` to `high`; a line stands at 0 if it is inside."""
    width = (high - low) or 1.0

    def place(value: float) -> float:
        return min(100.0, max(0.0, 100 * (value - low) / width))

    with tag("div", f"reach {look}".strip()) as axis:
        if low < 0 < high:
            tag("i", "zero").style(f"left: {place(0):.2f}%")
        if found is not None:
            left, right = place(found["low"]), place(found["high"])
            tag("i", "spread-of").style(f"left: {left:.2f}%; width: {max(0.5, right - left):.2f}%")
            tag("i", "dot").style(f"left: {place(found['mean']):.2f}%")
    return axis


def extent(found: list[Json], *, around_zero: bool) -> tuple[float, float]:
    """An axis that holds all these intervals: scores from 0 to 1 at least, differences as far to either side."""
    given = [each for each in found if each is not None]
    lows, highs = [each["low"] for each in given], [each["high"] for each in given]
    if around_zero:
        most = max([0.05, *(abs(value) for value in (*lows, *highs))])
        return -most, most
    return min([0.0, *lows]), max([1.0, *highs])
