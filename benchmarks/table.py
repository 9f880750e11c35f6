"""docs/results.md, from the runs that `benchmarks/results.py` has measured."""

from collections.abc import Iterable, Mapping
from typing import Any

Result = Mapping[str, Any]

HEAD = """# Results of the starter model

Made by `make results`; every run that was measured stands here. The starter is a demonstration model: its headroom is
engineered (docs/starter.md), so these figures say that the loop learns, not how well a model of yours will do.

Each run trains for a number of steps fixed beforehand ("auto" everything else) and is then asked {rows} test rows,
whose questions are in no training row, once: {samples} answers at temperature 1 (sampled) and one at 0 (greedy), scored
by the job's own exact graders (string_check and rouge_1). Brackets hold 95 % intervals (bootstrap over rows). *exact*
is the share of sampled answers with full reward, *best of {samples}* the mean of each row's best.
Think tokens are those of the first and of the last training step. Minutes are of one core of a shared machine.
"""

COLUMNS = (
    "| {first} | seed | steps | sampled, base | sampled, tuned | greedy, base | greedy, tuned | exact | best of 4 "
    "| think tokens | min |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def page(results: Iterable[Result]) -> str:
    """The whole page."""
    done = sorted(results, key=lambda result: [str(value) for value in result["case"].values()])
    main = [each for each in done if each["case"]["train_rows"] == 240 and each["case"]["baseline"] == "leave_one_out"]
    review = [each for each in main if each["case"]["family"] == "secreview"]
    parts = [
        HEAD.format(rows=100, samples=4),
        "## Security review\n",
        "Two hidden policies, class-balanced (8 topics each affirmed, denied, left open), named by their seeds.\n",
        _table("parameters, policy", review, lambda case: f"{case['parameters']}, {case['policy']}"),
        "\n## Other families\n",
        _table("family", [each for each in main if each not in review], lambda case: str(case["family"])),
        "\n## Twenty training rows\n",
        _table("family", [each for each in done if each["case"]["train_rows"] == 20], lambda case: str(case["family"])),
        "\n## The recipe's advantage against GRPO's own\n",
        'The same runs with `baseline = "grpo"`: the group\'s mean and standard deviation. See decision 0009.\n',
        _table(
            "policy", [each for each in done if each["case"]["baseline"] == "grpo"], lambda case: str(case["policy"])
        ),
    ]
    return "\n".join(parts) + "\n"


def _table(first: str, results: Iterable[Result], name: Any) -> str:
    lines = [_row(name(result["case"]), result) for result in results]
    return "\n".join([COLUMNS.format(first=first), *lines]) if lines else "Not measured yet."


def _row(name: str, result: Result) -> str:
    before, after, case = result["before"], result["after"], result["case"]
    think = " → ".join(f"{tokens:.0f}" for tokens in result["reasoning_tokens"])
    cells = [
        name,
        case["seed"],
        case["steps"],
        *(_interval(each[kind]) for kind in ("sampled", "greedy") for each in (before, after)),
        f"{before['exact']['mean']:.2f} → {after['exact']['mean']:.2f}",
        f"{before['best']:.2f} → {after['best']:.2f}",
        think,
        f"{result['minutes']:.1f}",
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


def _interval(value: Mapping[str, float]) -> str:
    return f"{value['mean']:.3f} [{value['low']:.2f}, {value['high']:.2f}]"
