"""How tuned models are called: `ft:<base>:<org>:<suffix>:<id>`, a checkpoint's with `:ckpt-step-<n>` behind it."""

from burnish.core.ids import derived_model_id
from burnish.core.records import Job


def name_of(job: Job, organization: str, step: int | None) -> str:
    """The name of the model that a job makes at a step, as a checkpoint; None: of its last. The same after a crash."""
    model_id = derived_model_id(job.id, "final" if step is None else step)
    return tuned_name(job.model, organization, job.suffix, model_id, step)


def tuned_name(base: str, organization: str, suffix: str | None, model_id: str, step: int | None = None) -> str:
    """The name; without a suffix `::` stays, for clients split on colons. `step` makes it a checkpoint's."""
    name = f"ft:{base}:{organization}:{suffix or ''}:{model_id}"
    return name if step is None else f"{name}:ckpt-step-{step}"
