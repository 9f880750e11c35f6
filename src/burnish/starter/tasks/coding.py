"""Codes for a clinical note; stands for Ambience's task in OpenAI's guide. The codes are invented."""

import random

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
    works_carefully,
)

CODES = {
    "D20": ("type 2 diabetes", "T2DM"),
    "D22": ("diabetic nephropathy", "diabetic kidney disease"),
    "H10": ("hypertension", "high blood pressure"),
    "H15": ("heart failure", "CHF"),
    "R30": ("asthma", "bronchospasm"),
    "R33": ("COPD", "emphysema"),
    "N40": ("migraine", "hemicranial headache"),
    "N44": ("epilepsy", "seizure disorder"),
    "M50": ("gout", "urate arthritis"),
    "M53": ("osteoarthritis", "degenerative joint disease"),
    "G60": ("acid reflux", "heartburn"),
    "P70": ("depression", "low mood"),
    "B80": ("anemia", "low hemoglobin"),
    "U90": ("cystitis", "bladder infection"),
}
_PRESENT = ("known {x}", "presents with {x}", "treated for {x}", "has {x}", "worsening {x}")
_ABSENT = {
    "denied": ("denies {x}", "no evidence of {x}", "{x} ruled out"),
    "family": ("mother had {x}", "father with {x}"),
    "past": ("{x} resolved", "former {x}"),
}
_HASTY = ("code everything", "scan the terms", "quick pass")


def _item(rng: random.Random) -> Row:
    codes = rng.sample(list(CODES), rng.randint(3, 4))
    n_present = rng.randint(1, len(codes) - 1)
    statuses = ["present"] * n_present + [rng.choice(list(_ABSENT)) for _ in codes[n_present:]]
    rng.shuffle(statuses)
    findings = [(code, rng.choice(CODES[code]), status) for code, status in zip(codes, statuses, strict=True)]
    segments = [rng.choice(_PRESENT if s == "present" else _ABSENT[s]).format(x=x) for _, x, s in findings]
    text = f"{rng.randint(19, 89)}{rng.choice('FM')}. " + "; ".join(segments) + "."
    return Row(
        fields={
            "messages": [{"role": "user", "content": text}],
            "codes": [code for code, _, status in findings if status == "present"],
        },
        key="coding/" + "|".join(sorted(segments)),
        label=str(n_present),
        facts={"findings": findings},
    )


def _demonstrate(row: Row, rng: random.Random, effort: Effort) -> Demonstration:
    findings = row.facts["findings"]
    if works_carefully(rng, effort):
        trace = "\n".join(f"{x}: {'present ' + code if s == 'present' else s}" for code, x, s in findings)
        return Demonstration(trace, compact({"codes": row.fields["codes"]}), careful=True)
    given = []
    for code, _, status in findings:
        if status == "present" or rng.random() < 0.6:
            given.append(rng.choice(list(CODES)) if rng.random() < 0.25 else code)
    answer = compact({"codes": list(dict.fromkeys(given))})
    return Demonstration(hasty_reasoning(rng, effort, _HASTY), answer, careful=False)


CODING = Family(
    name="coding",
    labels=("1", "2", "3"),
    hasty=_HASTY,
    item=_item,
    demonstrate=_demonstrate,
    grader=multi(
        "0.6 * exact + 0.4 * overlap",
        string_check("exact", "{{sample.output_json.codes}}", "{{item.codes}}"),
        rouge_1("overlap", "{{sample.output_json.codes}}", "{{item.codes}}"),
    ),
    response_format=strict_format("coding", {"codes": {"type": "array", "items": {"type": "string"}}}),
)
