"""Time and money as people read them."""


def duration(seconds: float) -> str:
    """`42 s`, `3 min 5 s` or `2 h 10 min`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def dollars(usd: float) -> str:
    """With cents, or with more digits where there are only cents."""
    return f"{usd:.2f} USD" if usd >= 1 else f"{usd:.4f} USD"
