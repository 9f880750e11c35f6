"""ICD-10 codes of a note: exact ones, a part for the right category, a penalty for codes that do not exist.

`item["codes"]` are the right codes. The answer is `{"codes": ["E11.22", …]}`.
"""

from collections import Counter
from typing import Any

Json = Any

CATEGORY = 0.4
"""What a wrong code of a right category (its first three characters) is worth; the right code is worth 1."""
INVENTED = 0.25
"""What each code that does not exist costs."""


def plain(code: str) -> str:
    """Without its dot, in capitals: the many ways to write one code."""
    return code.replace(".", "").strip().upper()


KNOWN = frozenset(map(plain, ["E11.21", "E11.22", "E11.65", "E11.9", "I10", "I11.0", "J45.909", "N18.30", "Z79.4"]))
"""The codes in use: paste your list here; a source may have 256 kB."""


def grade(sample: dict[str, Json], item: dict[str, Json]) -> float:
    """0 to 1: twice the credit over the codes claimed and wanted, as in F1, less the penalty."""
    claimed = read(sample.get("output_json"))
    if claimed is None:
        return 0.0
    wanted = Counter(map(plain, item["codes"]))
    total = claimed.total() + wanted.total()
    if not total:
        return 1.0
    exact = claimed & wanted
    invented = sum(number for code, number in claimed.items() if code not in KNOWN)
    near = categories(claimed - exact) & categories(wanted - exact)  # each wanted code is paid for once
    return max(0.0, 2 * (exact.total() + CATEGORY * near.total()) / total - INVENTED * invented)


def categories(codes: Counter[str]) -> Counter[str]:
    """The categories of those codes that exist."""
    return Counter(code[:3] for code in codes.elements() if code in KNOWN)


def read(answer: Json) -> Counter[str] | None:
    """How often each code is claimed; None where the answer is not in the form asked for."""
    match answer:
        case {"codes": [*codes]} if all(isinstance(code, str) for code in codes):
            return Counter(map(plain, codes))
    return None
