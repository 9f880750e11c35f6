"""Which checkpoints are worth most: by their validation reward."""

from collections.abc import Iterable

from burnish.core.records import Checkpoint


def superseded(checkpoints: list[Checkpoint], keep: int) -> list[Checkpoint]:
    """All but the `keep` with the highest validation reward; of equals the later step stays.

    Those that a pause wrote have no validation reward and stay.
    """
    ranked = best_last(checkpoints)
    return ranked[: max(0, len(ranked) - keep)]


def best_last(checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
    """Those that have a validation reward, by it; of equals the later step stands later."""
    validated = [each for each in checkpoints if "full_valid_mean_reward" in each.metrics]
    return sorted(validated, key=lambda each: (each.metrics["full_valid_mean_reward"], each.step))
