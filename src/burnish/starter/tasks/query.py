"""An instruction becomes a query over a table of tickets."""

import random

from burnish.starter.family import (
    Demonstration,
    Effort,
    Family,
    Json,
    Row,
    compact,
    hasty_reasoning,
    multi,
    rouge_1,
    strict_format,
    string_check,
    works_carefully,
)

_TEAMS = ("billing", "network", "mobile", "search", "storage")
_MONTHS = ("January", "February", "March", "April", "May", "June")
_STATUS = {"open": ("open", "unresolved", "active"), "closed": ("closed", "resolved"), "blocked": ("blocked", "stuck")}
_PRIORITY = {
    "gte": ("at least {n}", "{n} or higher"),
    "gt": ("above {n}", "over {n}"),
    "lte": ("at most {n}", "{n} or lower"),
    "lt": ("below {n}", "under {n}"),
    "eq": ("exactly {n}",),
}
_SORT = {
    "newest": ("newest first", "most recent first"),
    "oldest": ("oldest first", "longest waiting first"),
    "urgent": ("most urgent first", "highest priority first"),
    "calm": ("least urgent first", "lowest priority first"),
}
_LIMITS = (3, 5, 10)
_HASTY = ("simple", "just filter", "easy one")
_CHANCE = {"status": 0.7, "team": 0.7, "month": 0.5, "priority": 0.6, "sort": 0.5, "limit": 0.45}


def _value(field: str, rng: random.Random) -> Json:
    match field:
        case "status":
            return rng.choice(list(_STATUS))
        case "team":
            return rng.choice(_TEAMS)
        case "month":
            return rng.randint(1, len(_MONTHS))
        case "priority":
            return f"{rng.choice(list(_PRIORITY))} {rng.randint(2, 4)}"
        case "sort":
            return rng.choice(list(_SORT))
        case _:
            return rng.choice(_LIMITS)


def _item(rng: random.Random) -> Row:
    query: dict[str, Json] = {f: _value(f, rng) if rng.random() < p else None for f, p in _CHANCE.items()}
    said = _wording(query, rng)
    lead = rng.choice(("Show", "List", "Find", "Get"))
    front = [said[f] for f in ("limit", "status", "team") if f in said]
    back = [said[f] for f in ("month", "priority") if f in said]
    text = " ".join([lead, *front, "tickets", *back]) + (f", {said['sort']}" if "sort" in said else "") + "."
    return Row(
        fields={"messages": [{"role": "user", "content": text}], "query": query},
        key="query/" + text.split(" ", 1)[1],
        label="short" if len(said) < 4 else "long",
        facts={"said": said},
    )


def _wording(query: dict[str, Json], rng: random.Random) -> dict[str, str]:
    said = {f: str(v) for f, v in query.items() if v is not None}
    if "limit" in said:
        said["limit"] = f"{rng.choice(('the top', 'at most', 'up to'))} {query['limit']}"
    if "status" in said:
        said["status"] = rng.choice(_STATUS[query["status"]])
    if "month" in said:
        said["month"] = f"{rng.choice(('from', 'in'))} {_MONTHS[query['month'] - 1]}"
    if "priority" in said:
        operation, n = query["priority"].split()
        said["priority"] = "with priority " + rng.choice(_PRIORITY[operation]).format(n=n)
    if "sort" in said:
        said["sort"] = rng.choice(_SORT[query["sort"]])
    return said


def _demonstrate(row: Row, rng: random.Random, effort: Effort) -> Demonstration:
    query: dict[str, Json] = dict(row.fields["query"])
    if works_carefully(rng, effort):
        said = row.facts["said"]
        lines = [f"{f}: {said[f] + ' is ' + str(v) if v is not None else 'none'}" for f, v in query.items()]
        return Demonstration("\n".join(lines), compact(query), careful=True)
    for field in query:
        if rng.random() < 0.22:
            query[field] = None if rng.random() < 0.4 else _value(field, rng)
    return Demonstration(hasty_reasoning(rng, effort, _HASTY), compact(query), careful=False)


def _nullable(kind: str) -> dict[str, Json]:
    return {"type": [kind, "null"]}


QUERY = Family(
    name="query",
    labels=("short", "long"),
    hasty=_HASTY,
    item=_item,
    demonstrate=_demonstrate,
    grader=multi(
        "0.7 * exact + 0.3 * overlap",
        string_check("exact", "{{sample.output_json}}", "{{item.query}}"),
        rouge_1("overlap", "{{sample.output_json}}", "{{item.query}}"),
    ),
    response_format=strict_format(
        "query", {f: _nullable("integer" if f in ("month", "limit") else "string") for f in _CHANCE}
    ),
)
