"""The authorities that an answer cites: F1 against the right ones, so that citing the whole code does not pay."""

from collections import Counter
from typing import Any

Json = Any


def grade(sample: dict[str, Json], item: dict[str, Json]) -> float:
    """0 to 1; an authority cited twice is cited once too often."""
    match sample.get("output_json"):
        case {"authorities": [*cited]} if all(isinstance(each, str) for each in cited):
            said = Counter(map(plain, cited))
        case _:
            return 0.0
    wanted = Counter(map(plain, item["authorities"]))
    total = said.total() + wanted.total()
    return 2 * (said & wanted).total() / total if total else 1.0


def plain(authority: str) -> str:
    """Without blanks, in lower case: `IRC § 63(c)` is `irc§63(c)`."""
    return "".join(authority.lower().split())
