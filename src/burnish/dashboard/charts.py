"""Charts in the theme's colours, readable on dark and light alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Any
Curves = Mapping[str, Sequence[Sequence[float]]]
COLOURS = ("#c8622a", "#4a8fc2", "#5fa37a", "#9a78c4", "#c2a03c", "#c25f86", "#5aa8a8", "#8a8f98")
_OF_PHASES = {"Train": COLOURS[1], "Validation": COLOURS[0]}
_GREY, _LINE = "#8c867d", "rgba(140,134,125,.18)"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart: the path of a metric, and what it is called."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A titled chart of lines over steps."""

    title: str
    lines: tuple[Line, ...]
    unit: str = ""
    is_share: bool = False
    is_stacked: bool = False


def charts(curves: Curves) -> list[Chart]:
    """The charts that a job's metrics have something for."""
    graders = _graders(curves)
    offered = [
        Chart("Reward", _lines("scores", train_reward_mean="Train", valid_reward_mean="Validation")),
        *(_grader(name) for name in graders),
        Chart("Grader errors", _errors(curves), "share of answers", is_share=True),
        Chart(
            "Answer length", _lines("", completion_tokens_mean="Answer", reasoning_tokens_mean="Reasoning"), "tokens"
        ),
        Chart("Groups without variance", (Line("burnish/zero_variance", "Share"),), "share of groups", is_share=True),
        Chart("KL to the base", _lines("burnish", kl_mean="KL"), "nats per token"),
        Chart("Entropy", _lines("burnish", entropy_mean="Entropy"), "nats per token"),
        Chart("Sampler and trainer apart", _lines("burnish", logp_gap_max="Largest", logp_gap_mean="Mean"), "nats"),
        Chart(
            "Time per step",
            _lines("timing/step", sampling="Sampling", training="Training", eval="Validation"),
            "seconds",
            is_stacked=True,
        ),
        Chart("Truncated answers", _lines("burnish", truncated_mean="Share"), "share of answers", is_share=True),
    ]
    return [chart for chart in offered if any(curves.get(line.path) for line in chart.lines)]


def with_shares(curves: Curves) -> dict[str, Sequence[Sequence[float]]]:
    """The curves, and the share of groups whose answers all scored the same; a KL that was not measured is left out."""
    groups = {point[0]: point[1] for point in curves.get("burnish/groups", ())}
    flat = [(step, value) for step, value in curves.get("burnish/groups_without_variance", ()) if step in groups]
    shares = [(step, value / max(1.0, value + groups[step])) for step, value in flat]
    kl = [(step, value) for step, value in curves.get("burnish/kl_mean", ()) if value != 0]
    return {**curves, "burnish/zero_variance": shares, "burnish/kl_mean": kl}


def option(chart: Chart, curves: Curves) -> dict[str, Json]:
    """What ECharts draws."""
    lines = [line for line in chart.lines if curves.get(line.path)]
    return {
        "animation": False,
        "color": list(COLOURS),
        "textStyle": {"fontFamily": "inherit"},
        "grid": {"left": 6, "right": 14, "top": 14 if len(lines) < 2 else 34, "bottom": 4, "containLabel": True},
        "legend": {
            "show": len(lines) > 1,
            "left": 0,
            "top": 0,
            "icon": "roundRect",
            "itemWidth": 12,
            "itemHeight": 3,
            "type": "scroll",
            "textStyle": {"color": _GREY, "fontSize": 12},
        },
        "tooltip": {"trigger": "axis", "className": "tip", "axisPointer": {"lineStyle": {"color": _GREY}}},
        "xAxis": _axis(type="value", splitLine={"show": False}, min="dataMin", max="dataMax", minInterval=1),
        "yAxis": _axis(type="value", scale=not chart.is_share, min=0 if chart.is_share else None),
        "series": [_series(chart, line, curves[line.path], place) for place, line in enumerate(lines)],
    }


def _series(chart: Chart, line: Line, curve: Sequence[Sequence[float]], place: int) -> dict[str, Json]:
    is_faint = line.name == "Train"
    colour = COLOURS[place] if chart.is_stacked else _OF_PHASES.get(line.name, COLOURS[place])
    return {
        "type": "line",
        "name": line.name,
        "data": [[step, round(value, 6)] for step, value in curve],
        "showSymbol": len(curve) < 30 and not is_faint,
        "symbolSize": 5,
        "lineStyle": {"width": 1.4 if is_faint else 2, "opacity": 0.75 if is_faint else 1},
        "itemStyle": {"color": colour},
        **({"stack": "all", "areaStyle": {"opacity": 0.25}, "showSymbol": False} if chart.is_stacked else {}),
    }


def _axis(**given: Json) -> dict[str, Json]:
    return {
        "axisLabel": {"color": _GREY, "fontSize": 11},
        "axisLine": {"show": False},
        "axisTick": {"show": False},
        "splitLine": {"lineStyle": {"color": _LINE}},
        **given,
    }


def _lines(below: str, **names: str) -> tuple[Line, ...]:
    return tuple(Line(f"{below}/{key}" if below else key, name) for key, name in names.items())


def _grader(name: str) -> Chart:
    below = f"scores/graders/{name}"
    return Chart(f"Grader: {name}", _lines(below, train_reward_mean="Train", valid_reward_mean="Validation"))


def _graders(curves: Curves) -> list[str]:
    start, ends = "scores/graders/", ("/train_reward_mean", "/valid_reward_mean")
    found = [path[len(start) :].rpartition("/")[0] for path in curves if path.startswith(start) and path.endswith(ends)]
    return list(dict.fromkeys(found)) if len(set(found)) > 1 else []


def _errors(curves: Curves) -> tuple[Line, ...]:
    start, end = "errors/graders/", "_mean"
    paths = [path for path in curves if path.startswith(f"{start}") and path.endswith(end) and "/train_" in path]
    hot = [path for path in paths if any(value for _, value in curves[path])]
    return tuple(Line(path, path[len(start) : -len(end)].replace("/train_", ": ").replace("_", " ")) for path in hot)
