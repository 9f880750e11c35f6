"""What a job that is being filled in would come to, as it is filled in."""

from dataclasses import dataclass, field
from typing import Any

from openai import APIStatusError, AsyncOpenAI

from burnish.dashboard import recipe, words
from burnish.dashboard.client import complaint, post
from burnish.dashboard.pieces import Tag, stat, tag

Json = Any
_WITHOUT = "Choose both files to see what the job comes to."
_NEW = (
    "No job of this model has succeeded here yet, so time and tokens are not known before the first validation pass; "
    "the job's log tells them then."
)


@dataclass(slots=True, repr=False, eq=False)
class Outlook:
    """The plan and the estimate, below the hyperparameters that they follow."""

    client: AsyncOpenAI
    draft: recipe.Draft
    lines: dict[str, Tag]
    """The field of each hyperparameter: an empty one says what "auto" comes to."""
    figures: dict[str, Tag] = field(default_factory=dict)
    strip: Tag = field(init=False)
    note: Tag = field(init=False)

    def open(self) -> None:
        """Draw it, empty."""
        self.strip = tag("div", "stats")
        with self.strip:
            names = ("Steps", "Training answers", "Validation passes", "Time", "Sampled tokens", "Cost")
            self.figures = {name: stat(name) for name in names}
        self.strip.set_visibility(False)
        self.note = tag("p", "small", _WITHOUT)

    async def refresh(self) -> None:
        """Ask what the present choices come to."""
        draft = self.draft
        if not (draft.training_file and draft.validation_file):
            self._say(_WITHOUT)
            return
        files = {name: getattr(draft, name) for name in ("training_file", "validation_file")}
        asked = {"model": draft.model, **files, "hyperparameters": recipe.hyperparameters(draft)}
        try:
            self._show(await post(self.client, "/burnish/plan", asked))
        except APIStatusError as error:
            self._say(complaint(error))

    def _say(self, why: str) -> None:
        self.strip.set_visibility(False)
        self.note.set_text(why)

    def _show(self, plan: Json) -> None:
        told = plan["estimate"] or {}
        self.strip.set_visibility(True)
        for name, value in {
            "Steps": words.count(plan["total_steps"]),
            "Training answers": words.count(plan["training_answers"]),
            "Validation passes": words.count(plan["validation_passes"]),
            "Time": f"≈ {words.duration(told['seconds'])}" if told else words.NOTHING,
            "Sampled tokens": f"≈ {words.count(told['tokens'])}" if told else words.NOTHING,
            "Cost": words.money(told.get("usd")),
        }.items():
            self.figures[name].set_text(value)
        hyper = plan["hyperparameters"]
        for name, value in hyper.items():
            if self.lines[name].tag != "input":
                continue
            self.lines[name].props["placeholder"] = f"auto: {value}"
            self.lines[name].update()
        rows = (
            f"{hyper['n_epochs']:,} × {plan['train_rows']:,} rows, {hyper['batch_size']:,} rows × "
            f"{plan['answers_per_row']:,} answers a step. Validation every {hyper['eval_interval']:,} steps: "
            f"{plan['valid_rows']:,} rows × {hyper['eval_samples']:,} answers."
        )
        basis = (
            f" Time and tokens as in {words.plural(len(told['jobs']), 'job')} of this model." if told else f" {_NEW}"
        )
        self.note.set_text(rows + basis)
