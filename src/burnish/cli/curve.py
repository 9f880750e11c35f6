"""The reward curve on a terminal: one bar a step, and a line of words."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.text import Text

_BARS = " ▁▂▃▄▅▆▇█"
_WIDTH = 72


class Curve:
    """Train and validation rewards as they come in with the metrics events."""

    def __init__(self) -> None:
        self._train: list[float] = []
        self._valid: list[tuple[int, float]] = []
        self._step = self._total = 0

    def add(self, data: dict[str, Any]) -> None:
        """Take an event's data; one without rewards changes nothing."""
        if "full_valid_mean_reward" in data:
            self._valid.append((int(data["step"]), float(data["full_valid_mean_reward"])))
        if "train_mean_reward" in data:
            self._train.append(float(data["train_mean_reward"]))
            self._step, self._total = int(data["step"]), int(data["total_steps"])

    @property
    def has_points(self) -> bool:
        """Whether there is a step to draw."""
        return bool(self._train)

    def lines(self) -> "list[Text]":
        """The curve and its words."""
        from rich.text import Text

        valid = f"validation {self._valid[0][1]:.2f} → {self._valid[-1][1]:.2f}" if self._valid else ""
        words = f"step {self._step}/{self._total}   train reward {self._train[-1]:.2f}   {valid}"
        return [Text(bars(self._train, _WIDTH), style="green"), Text(words, style="bold")]


def bars(values: list[float], width: int) -> str:
    """At most `width` bars of eighths, each the mean of its share of the values; the top is 1 or the largest value."""
    if not values:
        return ""
    top = max(1.0, *values)
    count = min(width, len(values))
    chunks = [values[i * len(values) // count : (i + 1) * len(values) // count] for i in range(count)]
    means = [sum(chunk) / len(chunk) for chunk in chunks]
    return "".join(_BARS[max(0, min(8, round(8 * mean / top)))] for mean in means)
