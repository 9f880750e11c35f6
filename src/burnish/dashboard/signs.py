"""What a job's curves warn of, in words."""

from collections.abc import Sequence
from statistics import fmean

from burnish.dashboard.charts import Curves

_WINDOW = 5
"""Steps at either end that are compared."""


def signs(curves: Curves) -> list[str]:
    """A sentence for each thing that somebody should look at."""
    found = [_lengths(curves), _flat(curves), _faults(curves), _parting(curves), _mismatch(curves)]
    return [sentence for sentence in found if sentence is not None]


def _lengths(curves: Curves) -> str | None:
    first, last = _ends(curves.get("completion_tokens_mean", ()))
    cut = _last(curves.get("burnish/truncated_mean", ()))
    if cut is not None and cut > 0.1:
        return f"{cut:.0%} of answers are cut off by the token limit. Allow longer answers, or reward shorter ones."
    if first and last and last > 2 * first and last > 64:
        return f"Answers have grown from {first:.0f} to {last:.0f} tokens. See whether their reward pays for it."
    return None


def _flat(curves: Curves) -> str | None:
    share = _last(curves.get("burnish/zero_variance", ()))
    if share is None or share < 0.6:
        return None
    reward = _last(curves.get("scores/train_reward_mean", ())) or 0.0
    advice = "the rows have become too easy" if reward > 0.8 else "the grader may be too coarse, or the rows too hard"
    return f"In {share:.0%} of groups all answers score the same, so they teach nothing: {advice}."


def _faults(curves: Curves) -> str | None:
    found = {
        path.split("/")[2]: rate
        for path, curve in curves.items()
        if path.startswith("errors/graders/") and path.endswith("_mean") and (rate := _last(curve) or 0.0) > 0.02
    }
    if not found:
        return None
    worst = max(found, key=lambda name: found[name])
    return f"Grader '{worst}' fails on {found[worst]:.0%} of answers, which count as its faults say. Open the rollouts."


def _parting(curves: Curves) -> str | None:
    train, valid = curves.get("scores/train_reward_mean", ()), curves.get("scores/valid_reward_mean", ())
    if len(train) < 2 * _WINDOW or len(valid) < 4:
        return None
    best, now = max(value for _, value in valid), fmean(value for _, value in valid[-2:])
    _, last = _ends(train)
    if last is not None and last - now > 0.15 and best - now > 0.03:
        return (
            f"Train reward ({last:.2f}) and validation reward ({now:.2f}, {best:.2f} at its best) part: the model "
            "learns its rows, or the grader's gaps. An earlier checkpoint may be the better model."
        )
    return None


def _mismatch(curves: Curves) -> str | None:
    gap = _last(curves.get("burnish/logp_gap_mean", ()))
    if gap is None or gap < 0.05:
        return None
    return f"Sampler and trainer disagree by {gap:.3f} nats per token: figures of this run are less sure."


def _ends(curve: Sequence[Sequence[float]]) -> tuple[float | None, float | None]:
    values = [value for _, value in curve]
    if len(values) < 2 * _WINDOW:
        return None, None
    return fmean(values[:_WINDOW]), fmean(values[-_WINDOW:])


def _last(curve: Sequence[Sequence[float]]) -> float | None:
    return fmean(value for _, value in curve[-_WINDOW:]) if curve else None
