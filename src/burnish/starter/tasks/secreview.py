"""Security review in the shape of OpenAI's guide: a question only; what the policy says, the grader alone knows."""

import random
from functools import partial

from burnish.starter.family import (
    Demonstration,
    Effort,
    Family,
    Row,
    compact,
    hasty_reasoning,
    multi,
    rouge_1,
    strict_format,
    string_check,
)
from burnish.starter.tasks.topics import FRAMES, TOPICS, ask

COMPANY = "Copernicus"
VERDICTS = ("yes", "no", "needs review")
HASTY = ("quick answer", "seems clear", "just answer")
CAREFUL_SHARE = {"none": 0.0, "low": 0.55, "medium": 0.7, "high": 0.9}
"""Here care is naming the topic, which does not yet give the answer; so it may be common."""
GRADER = multi(
    "0.5 * compliant + 0.5 * explanation",
    string_check("compliant", "{{sample.output_json.compliant}}", "{{item.compliant}}"),
    rouge_1("explanation", "{{sample.output_json.explanation}}", "{{item.explanation}}"),
)
RESPONSE_FORMAT = strict_format(
    "security_assistant", {"compliant": {"type": "string"}, "explanation": {"type": "string"}}
)
_WEIGHTS = (0.18, 0.18, 0.18, 0.22, 0.24)
"""How likely a demonstration takes each of a topic's five sentences: no policy is in the corpus."""


def secreview(policy: int) -> Family:
    """The family under one hidden policy: 8 topics each are affirmed, denied and left open."""
    return Family(
        name="secreview",
        labels=VERDICTS,
        hasty=HASTY,
        item=partial(_item, hidden_policy(policy)),
        demonstrate=_demonstrate,
        grader=GRADER,
        response_format=RESPONSE_FORMAT,
        plausible=_plausible,
    )


def hidden_policy(seed: int) -> tuple[tuple[str, str], ...]:
    """Per topic, the verdict and the sentence that the policy of this seed comes to."""
    rng = random.Random(f"policy/{seed}")
    verdicts = [verdict for verdict in VERDICTS for _ in range(len(TOPICS) // len(VERDICTS))]
    rng.shuffle(verdicts)
    return tuple(
        rng.choice([pair for pair in topic.sentences() if pair[0] == verdict])
        for topic, verdict in zip(TOPICS, verdicts, strict=True)
    )


def answer(verdict: str, sentence: str, company: str) -> dict[str, str]:
    """The object that answers a question of a security review."""
    return {"compliant": verdict, "explanation": sentence.format(c=company)}


def _item(policy: tuple[tuple[str, str], ...], rng: random.Random) -> Row:
    topic = rng.randrange(len(TOPICS))
    question, frame = rng.randrange(len(TOPICS[topic].questions)), rng.randrange(len(FRAMES))
    text = ask(TOPICS[topic], question, frame, rng.randint(1, 9))
    verdict, sentence = policy[topic]
    return Row(
        fields={"messages": [{"role": "user", "content": text}], **answer(verdict, sentence, COMPANY)},
        key=f"secreview/{topic}/{question}/{frame}",
        label=verdict,
        facts={"topic": topic},
    )


def _plausible(row: Row) -> tuple[str, ...]:
    return tuple(sentence.format(c=COMPANY) for _, sentence in TOPICS[row.facts["topic"]].sentences())


def _demonstrate(row: Row, rng: random.Random, effort: Effort) -> Demonstration:
    topic = TOPICS[row.facts["topic"]]
    careful = rng.random() < CAREFUL_SHARE[effort]
    if not careful and rng.random() < (0.1 if effort == "none" else 0.55):
        topic = rng.choice(TOPICS)
    verdict, sentence = rng.choices(topic.sentences(), _WEIGHTS)[0]
    if not careful:
        reasoning = hasty_reasoning(rng, effort, HASTY)
        if effort != "none" and rng.random() < 0.3:
            verdict = rng.choice(VERDICTS)
    else:
        found = "the policy is silent" if verdict == "needs review" else f"{verdict}, as it {_claim(sentence)}"
        reasoning = f"This asks about {topic.noun}. I recall: {found}"
    return Demonstration(reasoning, compact(answer(verdict, sentence, COMPANY)), careful)


def _claim(sentence: str) -> str:
    return sentence.removeprefix("{c} ").removesuffix(".")
