"""How tuned models are called: `ft:<base>:<org>:<suffix>:<id>`, a checkpoint's with `:ckpt-step-<n>` behind it."""


def tuned_name(base: str, organization: str, suffix: str | None, model_id: str, step: int | None = None) -> str:
    """The name; without a suffix `::` stays, for clients split on colons. `step` makes it a checkpoint's."""
    name = f"ft:{base}:{organization}:{suffix or ''}:{model_id}"
    return name if step is None else f"{name}:ckpt-step-{step}"
