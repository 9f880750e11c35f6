"""Judging an answer against a reference, as a `score_model` grader asks for it."""

import random
from importlib.resources import files

from burnish.starter.family import Demonstration, Effort, Family, Json, Row, compact, strict_format, string_check
from burnish.starter.tasks.topics import TOPICS

LEVELS = ("1", "0.75", "0.5", "0.25", "0")
RESULTS: dict[str, float] = {"1": 1, "0.75": 0.75, "0.5": 0.5, "0.25": 0.25, "0": 0}
"""A level's number, as JSON writes it."""
_COMPANIES = ("Copernicus", "Copernicus", "Copernicus", "Acme", "Borealis", "Helix")
_HASTY = ("compare", "judge it")
_SHORT_RUBRICS = (
    "Score the model answer against the reference answer from 0 to 1.",
    "How close is the model answer to the reference? Give 0, 0.25, 0.5, 0.75 or 1.",
    "You grade answers about a security policy. 1 is fully correct, 0 is wrong.",
    "Rate the answer: 1 same facts, 0.5 partly, 0 wrong or irrelevant.",
    "Compare the two answers. Output a score between 0 and 1.",
    "Judge the explanation. Be strict about facts, lenient about wording.",
)
_LINES = (
    "# Grading",
    "- 1.0: the answer states the same facts as the reference.",
    "- 0.75: mostly correct, but it leaves something out.",
    "- 0.5: right on the topic, but with other details.",
    "- 0.25: it misses what the reference says.",
    "- 0.0: wrong, contradicting or about something else.",
    "Do not reward length.",
    "Answer with a number from 0 to 1.",
    "Use only the policy and the reference answer.",
)
_OPENINGS = ("", "", "Yes, ", "As far as we know, ", "According to the policy, ")


def _item(rng: random.Random) -> Row:
    level = rng.choice(LEVELS)
    company = rng.choice(_COMPANIES)
    topic = rng.randrange(len(TOPICS))
    sentences = TOPICS[topic].sentences()
    index = rng.randrange(len(sentences))
    reference = sentences[index][1].format(c=company)
    answer, finding, other = _answer(level, topic, index, company, rng)
    prompt = f"{_rubric(rng, company)}\nReference Answer: {reference}\nModel Answer: {answer}\n"
    about = TOPICS[topic].noun
    steps = [
        {"description": "topic", "conclusion": about if other == topic else f"{TOPICS[other].noun}, not {about}"},
        {"description": "facts", "conclusion": finding},
    ]
    return Row(
        fields={"messages": [{"role": "user", "content": prompt}], "result": RESULTS[level]},
        key=f"judge/{reference}/{answer}",
        label=level,
        facts={"steps": steps, "reference": reference, "answer": answer, "topic": topic, "other": other},
    )


def _answer(level: str, topic: int, index: int, company: str, rng: random.Random) -> tuple[str, str, int]:
    """An answer that deserves a level, what is to be said about it, and its topic."""
    sentences = TOPICS[topic].sentences()
    said = sentences[index][1].format(c=company)
    match level:
        case "1":
            return _reworded(said, company, rng), "same", topic
        case "0.75":
            return _shortened(said, rng), "shortened", topic
        case "0.5":
            return _reworded(_neighbour(topic, index, rng).format(c=company), company, rng), "other details", topic
        case "0.25":
            unsure = sentences[-1][1] if index != len(sentences) - 1 else rng.choice(sentences[:-1])[1]
            return _reworded(unsure.format(c=company), company, rng), "not stated", topic
    if index != len(sentences) - 1 and rng.random() < 0.5:
        wrong = sentences[3][1] if index < 3 else rng.choice(sentences[:3])[1]
        return _reworded(wrong.format(c=company), company, rng), "contradiction", topic
    other = rng.choice([t for t in range(len(TOPICS)) if t != topic])
    return _reworded(rng.choice(TOPICS[other].sentences())[1].format(c=company), company, rng), "off topic", other


def _neighbour(topic: int, index: int, rng: random.Random) -> str:
    """Another sentence with the same verdict; where there is none, the same one, hedged."""
    sentences = TOPICS[topic].sentences()
    if index < 3:
        return rng.choice([said for i, (_, said) in enumerate(sentences[:3]) if i != index])
    return f"Perhaps {sentences[index][1]}"


def _reworded(sentence: str, company: str, rng: random.Random) -> str:
    opening = rng.choice(_OPENINGS)
    if rng.random() < 0.4:
        sentence = sentence.replace(company, rng.choice(("We", "The company", "It")), 1)
    if rng.random() < 0.25:
        sentence = sentence.removesuffix(".")
    return opening + sentence


def _shortened(sentence: str, rng: random.Random) -> str:
    words = sentence.removesuffix(".").split()
    keep = max(2, round(len(words) * rng.uniform(0.4, 0.75)))
    return " ".join(words[: min(keep, len(words) - 1)]) + rng.choice((".", "", "..."))


def _rubric(rng: random.Random, company: str) -> str:
    kind = rng.random()
    if kind < 0.04:
        return guide_rubric()
    if kind < 0.08:
        return _long_rubric(rng, company)
    if kind < 0.45:
        start = rng.randrange(3)
        return "\n".join(_LINES[start : start + rng.randint(2, len(_LINES))])
    return rng.choice(_SHORT_RUBRICS)


def _long_rubric(rng: random.Random, company: str) -> str:
    """Rules and a whole policy, so that late positions are seen."""
    topics = rng.sample(TOPICS, rng.randint(10, len(TOPICS)))
    lines = [
        f"### {topic.noun}\n" + " ".join(said.format(c=company) for _, said in rng.sample(topic.sentences(), 3))
        for topic in topics
    ]
    return "\n".join([*_LINES[: rng.randint(4, len(_LINES))], "## Policy", *lines])


def guide_rubric() -> str:
    """The text before the two answers in the judge's prompt of OpenAI's guide."""
    return files("burnish.starter.tasks").joinpath("guide_rubric.md").read_text(encoding="utf-8")


def _demonstrate(row: Row, rng: random.Random, effort: Effort) -> Demonstration:
    answer = compact({"steps": row.facts["steps"], "result": row.fields["result"]})
    if effort == "none" or rng.random() < 0.4:
        return Demonstration("" if effort == "none" else rng.choice(_HASTY), answer, careful=False)
    reference, model = (TOPICS[row.facts[name]].noun for name in ("topic", "other"))
    return Demonstration(f"The reference is about {reference}, the answer about {model}", answer, careful=True)


def _schema() -> dict[str, Json]:
    step = {
        "type": "object",
        "properties": {"description": {"type": "string"}, "conclusion": {"type": "string"}},
        "required": ["description", "conclusion"],
        "additionalProperties": False,
    }
    return strict_format("judgement", {"steps": {"type": "array", "items": step}, "result": {"type": "number"}})


JUDGE = Family(
    name="judge",
    labels=LEVELS,
    hasty=_HASTY,
    item=_item,
    demonstrate=_demonstrate,
    grader=string_check("result", "{{sample.output_json.result}}", "{{item.result}}"),
    response_format=_schema(),
    shown=False,
)
