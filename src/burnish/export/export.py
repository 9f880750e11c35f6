"""Tuned models as directories that others load: the adapter as PEFT has it, or weights of its own for transformers."""

import hashlib
import shutil
import tempfile
from array import array
from dataclasses import dataclass
from pathlib import Path

from burnish.core.errors import BurnishError, InvalidRequest, NotFound
from burnish.core.records import Job, TunedModel
from burnish.export.card import card
from burnish.export.merge import merge
from burnish.export.parity import Parity, compare, served_answers
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

    def export(self, name: str, target: Path, *, merged: bool, rows: int) -> Parity | None:
        """Write a tuned model or checkpoint; how its merged weights compare, on so many rows, with what is served.

        An adapter's files are the very ones that are served. Raises `NotFound` for the model, `InvalidRequest` where
        the target is there already.
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
                parity = self._merge(model, files, target, rows)
            else:
                _copy(files, target)
        is_adapter = model.kind == "lora" and not merged
        (target / "README.md").write_text(self._card(model, is_adapter=is_adapter, parity=parity), encoding="utf-8")
        return parity

    def _merge(self, model: TunedModel, adapter: Path, target: Path, rows: int) -> Parity:
        """In float32, both to merge and to compare."""
        source = self.settings.models.local.get(model.base, model.base)
        base = Base.load(source)
        prompts, schema = self._questions(model, base, rows)
        answers = served_answers(base, adapter, prompts, schema)
        merge(base, Adapter.read(adapter, base.routing.targets))

        def fill(aside: Path) -> None:
            base.model.save_pretrained(aside)
            base.tokenizer.save_pretrained(aside)

        write_folder(target, fill)
        return compare(base, answers, target)

    def _questions(self, model: TunedModel, base: Base, rows: int) -> "tuple[list[array[int]], str | None]":
        """Prompts of the job's first validation rows; where its file is gone, one of our own."""
        job = self.store.jobs.get(model.job_id)
        try:
            if job is None:
                raise NotFound("The job is gone.")
            request = JobRequest.model_validate(job.request)
            data = self.blobs.get(file_blob(job.validation_file or ""))
            items = parse_file(data, "validation_file", job.validation_file or "").items[:rows]
        except BurnishError:
            return [
                base.renderer.prompt([{"role": "user", "content": "Who are you?"}], [], model.reasoning_effort)
            ], None
        schema = request.reinforcement.response_schema
        prompts = [base.renderer.prompt(item.messages, item.tools, model.reasoning_effort) for item in items]
        return prompts, None if schema is None else check_schema(schema)

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


def _copy(source: Path, target: Path) -> None:
    def fill(aside: Path) -> None:
        shutil.copytree(source, aside, dirs_exist_ok=True)

    write_folder(target, fill)
