"""Numbers with their units, as a person reads them."""

NOTHING = "–"


def score(value: float | None) -> str:
    """A reward or a share of one."""
    return NOTHING if value is None else f"{value:.3f}"


def percent(share: float | None) -> str:
    """A share of a whole."""
    return NOTHING if share is None else f"{share:.1%}"


def money(usd: float | None) -> str:
    """An amount in US dollars; small ones keep two figures."""
    if usd is None:
        return NOTHING
    return f"${usd:,.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.2g}"


def duration(seconds: float | None) -> str:
    """A time span in its two largest units."""
    if seconds is None:
        return NOTHING
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def count(number: float | None) -> str:
    """A count, with thousands parted; large ones in millions."""
    if number is None:
        return NOTHING
    return f"{number / 1e6:,.1f} M" if abs(number) >= 1e7 else f"{round(number):,}"


def plural(number: int, what: str) -> str:
    """So many of something whose plural has an s."""
    return f"{count(number)} {what}{'' if number == 1 else 's'}"


def size(many: int) -> str:
    """Bytes in the largest unit that leaves a number of at least one."""
    value = float(many)
    for unit in ("bytes", "KB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError


def short(name: str, most: int = 36) -> str:
    """A long name without its middle: tuned models differ at their ends."""
    return name if len(name) <= most else f"{name[: most // 3]}…{name[most // 3 - most + 1 :]}"


def status(name: str) -> str:
    """The state of a job, a run or an item in words."""
    return {"pass": "Passed", "fail": "Failed"}.get(name) or name.replace("_", " ").capitalize()
