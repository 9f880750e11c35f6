"""Exercises in copying: to repeat, to look up, to read digits from the right. Part of the corpus, no task of its own.

Careful work copies what the prompt says. Families alone teach that late, so it is drilled on words that mean nothing
together.
"""

import random

from burnish.starter.tasks.topics import TOPICS

_NAMES = "Oslo Lima Cairo Delhi Paris Tokyo Quito Dublin Ana Ben Chen Dara Eli Fay Gus Hana Monday Friday EUR USD JPY"
_SIGNALS = (
    "clk clock ck rst reset por addr address adr wdata din wdat rdata dout rdat core bus sys main io top test scan"
)
_WORDS = tuple(
    sorted({word for topic in TOPICS for word in (topic.noun + " " + topic.denial).split() if word.isalpha()})
) + tuple(f"{_NAMES} {_SIGNALS}".split())


def drill(rng: random.Random) -> tuple[str, str]:
    """An exercise and its answer."""
    kind = rng.random()
    if kind < 0.35:
        return _repeat(rng)
    if kind < 0.8:
        return _look_up(rng)
    return _from_the_right(rng)


def _repeat(rng: random.Random) -> tuple[str, str]:
    text = rng.choice((" ", ", ", "_")).join(_word(rng) for _ in range(rng.randint(4, 14)))
    return f"{rng.choice(('Repeat', 'Say', 'Copy'))}: {text}", text


def _look_up(rng: random.Random) -> tuple[str, str]:
    n = rng.randint(3, 7)
    keys = rng.sample(_WORDS, n)
    mark, end = rng.choice((("=", " "), (": ", "\n"), ("_", " "), (" is ", ", ")))
    pairs = {key: f"{key}{mark}{' '.join(_word(rng) for _ in range(rng.randint(1, 3)))}" for key in keys}
    wanted = rng.sample(keys, rng.randint(2, n))
    return f"{end.join(pairs.values())}\nFind: {' '.join(wanted)}", end.join(pairs[key] for key in wanted)


def _from_the_right(rng: random.Random) -> tuple[str, str]:
    a, b = rng.randint(100, 999), rng.randint(100, 999)
    pairs = " ".join(f"{x}+{y}" for x, y in zip(reversed(str(a)), reversed(str(b)), strict=True))
    return rng.choice((f"Pairs of {a} + {b}", f"Pairs of {a} and {b}", f"Pairs of {a}, {b}.")), pairs


def _word(rng: random.Random) -> str:
    return str(rng.randint(0, 999)) if rng.random() < 0.2 else rng.choice(_WORDS)
