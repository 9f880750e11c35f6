"""Questions about a policy that stands in the prompt."""

import random

from burnish.starter.family import Demonstration, Effort, Family, Row, compact, hasty_reasoning, works_carefully
from burnish.starter.tasks.secreview import GRADER, RESPONSE_FORMAT, VERDICTS, answer
from burnish.starter.tasks.topics import FRAMES, TOPICS, ask

_COMPANIES = ("Acme", "Borealis", "Cobalt", "Dynamo", "Everest", "Falcon", "Granite", "Helix", "Indigo", "Juniper")
_HASTY = ("quick look", "seems fine", "skip the details")


def _item(rng: random.Random) -> Row:
    company = rng.choice(_COMPANIES)
    covered = rng.sample(range(len(TOPICS)), rng.randint(3, 5))
    policy = {
        t: rng.choice(TOPICS[t].sentences()[:3] if rng.random() < 0.5 else TOPICS[t].sentences()[3:4]) for t in covered
    }
    asked = (
        rng.choice(covered) if rng.random() < 0.7 else rng.choice([t for t in range(len(TOPICS)) if t not in policy])
    )
    verdict, sentence = policy.get(asked, TOPICS[asked].sentences()[-1])
    lines = [f"{TOPICS[t].noun}: {said.format(c=company)}" for t, (_, said) in policy.items()]
    question, frame = rng.randrange(len(TOPICS[asked].questions)), rng.randrange(len(FRAMES))
    text = ask(TOPICS[asked], question, frame, rng.randint(1, 9))
    return Row(
        fields={
            "messages": [
                {"role": "developer", "content": "Policy\n" + "\n".join(lines)},
                {"role": "user", "content": text},
            ],
            **answer(verdict, sentence, company),
        },
        key=f"policyqa/{company}/{asked}/{question}/" + "|".join(sorted(lines)),
        label=verdict,
        facts={"asked": asked, "verdict": verdict, "sentence": sentence, "policy": policy, "company": company},
    )


def _demonstrate(row: Row, rng: random.Random, effort: Effort) -> Demonstration:
    facts = row.facts
    noun, verdict, sentence = TOPICS[facts["asked"]].noun, facts["verdict"], facts["sentence"]
    if works_carefully(rng, effort):
        listed = ", ".join(TOPICS[t].noun for t in facts["policy"])
        said = (
            "not listed, needs review"
            if verdict == "needs review"
            else f"{sentence.format(c=facts['company'])} So {verdict}"
        )
        reasoning = f"Asked: {noun}. Listed: {listed}. Found: {said}"
        return Demonstration(reasoning, compact(answer(verdict, sentence, facts["company"])), careful=True)
    if rng.random() < (0.5 if effort == "none" else 0.75):
        verdict, sentence = _slip(row, rng)
    reasoning = hasty_reasoning(rng, effort, _HASTY)
    return Demonstration(reasoning, compact(answer(verdict, sentence, facts["company"])), careful=False)


def _slip(row: Row, rng: random.Random) -> tuple[str, str]:
    """What a reader who did not look closely answers: another line, another verdict, or that nothing is said."""
    facts = row.facts
    kind = rng.random()
    if kind < 0.5:
        verdict, sentence = rng.choice(list(facts["policy"].values()))
        return verdict, sentence
    if kind < 0.75:
        return rng.choice(VERDICTS), facts["sentence"]
    verdict, sentence = rng.choice(TOPICS[facts["asked"]].sentences())
    return verdict, sentence


POLICYQA = Family(
    name="policyqa",
    labels=VERDICTS,
    hasty=_HASTY,
    item=_item,
    demonstrate=_demonstrate,
    grader=GRADER,
    response_format=RESPONSE_FORMAT,
    shown=False,
)
