"""Tuned models as directories that others load: the adapter as PEFT has it, or weights of its own for transformers."""

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from burnish.core.errors import BurnishError, InvalidRequest, NotFound
from burnish.core.records import Job, TunedModel
from burnish.core.rollout import Completion
from burnish.export.card import card
from burnish.export.merge import merge
from burnish.export.parity import Parity, compare, served_answers
from burnish.export.rewards import Grading, Questions, compare_rewards
from burnish.policy.adapter import Adapter
from burnish.policy.folder import write_folder
from burnish.policy.load import Base
from burnish.settings import Settings
from burnish.spec.dataset import parse_file
from burnish.spec.job import JobRequest
from burnish.spec.schema import check_schema
from burnish.store.blobs import Blobs
from burnish.store.files import file_blob
from burnish.store.store import Store


@dataclass(frozen=True, slots=True)
class Exporter:
    """Exports models of one store."""

    settings: Settings
    store: Store
    blobs: Blobs

    def export(
        self, name: str, target: Path, *, merged: bool, rows: int, grading: Grading | None = None
    ) -> Parity | None:
        """Write a tuned model or checkpoint; how its merged weights compare, on so many rows, with what is served.

        `grading` compares rewards, too. An adapter's files are the very ones that are served. Raises `NotFound` for the
        model, `InvalidRequest` where the target is there already.
        """
        model = self.store.models.get(name)
        if model is None:
            raise NotFound(f"The model '{name}' does not exist.", param="model", code="model_not_found")
        if target.exists():
            raise InvalidRequest(f"{target} is there already; name a directory that is not.", param="target")
        with tempfile.TemporaryDirectory(prefix="burnish-export-") as scratch:
            files = Path(scratch) / "served"
            self.blobs.fetch_directory(model.blob, files)
            parity = None
            if merged and model.kind == "lora":
                parity = self._merge(model, files, target, rows, grading)
            else:
                _copy(files, target)
        is_adapter = model.kind == "lora" and not merged
        (target / "README.md").write_text(self._card(model, is_adapter=is_adapter, parity=parity), encoding="utf-8")
        return parity

    def _merge(self, model: TunedModel, adapter: Path, target: Path, rows: int, grading: Grading | None) -> Parity:
        """In float32, both to merge and to compare."""
        source = self.settings.models.source(model.base)
        base = Base.load(source)
        questions = self._questions(model, base, rows)
        answers = served_answers(base, adapter, questions.prompts, questions.response_schema)
        merge(base, Adapter.read(adapter, base.routing.targets))

        def fill(aside: Path) -> None:
            base.model.save_pretrained(aside)
            base.tokenizer.save_pretrained(aside)

        write_folder(target, fill)
        parity = compare(base, answers, target)
        return parity if grading is None else _rewarded(parity, grading, questions, answers, target)

    def _questions(self, model: TunedModel, base: Base, rows: int) -> Questions:
        """Prompts of the job's first validation rows; where its file is gone, one of our own."""
        job = self.store.jobs.get(model.job_id)
        try:
            if job is None:
                raise NotFound("The job is gone.")
            request = JobRequest.model_validate(job.request)
            data = self.blobs.get(file_blob(job.validation_file or ""))
            items = parse_file(data, "validation_file", job.validation_file or "").items[:rows]
        except BurnishError:
            own = [{"role": "user", "content": "Who are you?"}]
            return Questions([base.renderer.prompt(own, [], model.reasoning_effort)], None)
        schema = request.reinforcement.response_schema
        prompts = [base.renderer.prompt(item.messages, item.tools, model.reasoning_effort) for item in items]
        wanted = None if schema is None else check_schema(schema)
        return Questions(prompts, wanted, items, request.reinforcement.grader)

    def _card(self, model: TunedModel, *, is_adapter: bool, parity: Parity | None) -> str:
        job = self.store.jobs.get(model.job_id)
        found = [each for each in self.store.checkpoints.all(model.job_id) if each.step == model.step]
        digests = {} if job is None else self._digests(job)
        return card(model, job, found[0] if found else None, digests, is_adapter=is_adapter, parity=parity)

    def _digests(self, job: Job) -> dict[str, str]:
        digests = {}
        for role, file_id in (("training file", job.training_file), ("validation file", job.validation_file)):
            try:
                digests[role] = hashlib.sha256(self.blobs.get(file_blob(file_id or ""))).hexdigest()
            except BurnishError:
                digests[role] = "deleted"
        return digests


def _rewarded(
    parity: Parity, grading: Grading, questions: Questions, served: Sequence[Completion], target: Path
) -> Parity:
    """With rewards; where the grader cannot run here, with its reason."""
    exported = Base.load(str(target))
    answers = served_answers(exported, None, questions.prompts, questions.response_schema)
    try:
        return replace(parity, rewards=compare_rewards(grading, exported, questions, served, answers))
    except BurnishError as error:
        return replace(parity, ungraded=error.message)


def _copy(source: Path, target: Path) -> None:
    def fill(aside: Path) -> None:
        shutil.copytree(source, aside, dirs_exist_ok=True)

    write_folder(target, fill)
