"""Puts a run together: base model, trainer, grader, judges and plan."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch

from burnish.core.early_stop import patience_of
from burnish.core.errors import JobFailure
from burnish.core.rollout import Item
from burnish.grade.build import build
from burnish.grade.judge_cache import cached
from burnish.grade.span import span
from burnish.policy.load import Base
from burnish.policy.train import LocalTrainer
from burnish.settings import Settings, Training
from burnish.spec.job import JobRequest, Reinforcement
from burnish.spec.schema import check_schema
from burnish.toolbox import Toolbox
from burnish.work.check import Data
from burnish.work.cost import Tariff
from burnish.work.deadlines import longest_call_s
from burnish.work.journal import Journal, Wish
from burnish.work.judges import Judges
from burnish.work.learner import Learner
from burnish.work.metrics import Metrics, leaves_of, whole_of
from burnish.work.plan import Limits, Plan, make_plan
from burnish.work.reinforce import reinforce
from burnish.work.remembered import Remembered
from burnish.work.rollout import Roller

ROOM_FOR_AN_ANSWER = 16
"""Fewest tokens of the context that a prompt must leave."""


@dataclass(frozen=True, slots=True)
class Session:
    """A run that is ready to go."""

    plan: Plan
    data: Data
    roller: Roller
    learner: Learner
    metrics: Metrics
    journal: Journal
    toolbox: Toolbox

    async def carry_out(self) -> Wish:
        """The loop, from the first step that is not done to the last."""
        try:
            return await reinforce(self.plan, self.data, self.roller, self.learner, self.metrics, self.journal)
        finally:
            await self.toolbox.aclose()


@contextmanager
def open_session(
    job_id: str,
    request: JobRequest,
    seed: int,
    data: Data,
    settings: Settings,
    journal: Journal,
    plan: Plan | None = None,
) -> Iterator[Session]:
    """Load the models, and make the plan if there is none yet; closed, the judges' connections end.

    Raises `JobFailure`.
    """
    method = request.reinforcement
    path = settings.local_path(request.model)
    if path is None:
        raise JobFailure(
            f"The model '{request.model}' is not a base model here.", param="model", code="model_not_found"
        )
    training, pulse = settings.training, journal.pulse
    with pulse.at("loading the model"):
        base = Base.load(path, threads=training.threads, dtype=plan.dtype if plan is not None else training.dtype)
    base.beat = pulse.beat
    pulse.grader_s = longest_call_s(method.grader, settings)
    with Judges.opened(settings, base) as judges:
        toolbox = Toolbox.of(settings)
        tools = toolbox.tools(cached(judges, settings.grading.judge_cache))
        grader = build(method.grader, replace(tools, asking=pulse.asking))
        plan = plan or replace(
            plan_for(method, settings, base, data, seed=seed, judges=judges),
            early_stop_patience=patience_of(request.metadata, training.early_stop_patience),
        )
        trainer = LocalTrainer(
            base, parameters=plan.parameters, rank=plan.lora_rank, alpha=plan.lora_alpha, seed=plan.seed
        )
        yield Session(
            plan=plan,
            data=data,
            roller=Roller(job_id, plan, trainer, base.renderer, Remembered(grader, method.grader, journal)),
            learner=Learner(plan, trainer),
            metrics=Metrics(leaves_of(method.grader), plan.total_steps, whole_of(method.grader), Tariff.of(settings)),
            journal=journal,
            toolbox=toolbox,
        )


def plan_for(method: Reinforcement, settings: Settings, base: Base, data: Data, *, seed: int, judges: Judges) -> Plan:
    """The plan, with what base and data allow. Raises `JobFailure` for a prompt that leaves no room."""
    schema = method.response_schema
    effort = method.hyperparameters.reasoning_effort
    limits = Limits(
        context=base.context,
        longest_prompt=max(
            _longest(base, data.train, effort, "training"), _longest(base, data.valid, effort, "validation")
        ),
        reasoning_tokens=base.renderer.reasoning_budget(effort),
        answer_tokens=min(settings.training.max_answer_tokens, base.recipe.answer_tokens or base.context),
        lora_lr=base.recipe.lora_lr,
        full_lr=base.recipe.full_lr,
        dtype="bfloat16" if base.network.dtype == torch.bfloat16 else "float32",
        snapshot_bytes=snapshot_bytes(base, settings.training),
    )
    return make_plan(
        method.hyperparameters,
        settings.training,
        limits,
        seed=seed,
        train_rows=len(data.train),
        valid_rows=len(data.valid),
        reward_range=span(method.grader),
        response_schema=check_schema(schema) if schema is not None else None,
        grade_after_sampling=any(judges.is_local(leaf.model) for leaf in leaves_of(method.grader) if leaf.model),
    )


def snapshot_bytes(base: Base, training: Training) -> int:
    """Of weights in fp32 and AdamW's two moments."""
    if training.parameters == "full":
        return 12 * int(base.model.num_parameters())
    return 12 * training.lora_rank * sum(wide + tall for wide, tall in base.routing.targets.values())


def _longest(base: Base, items: tuple[Item, ...], effort: str, name: str) -> int:
    """Tokens of the longest prompt."""
    longest = 0
    for item in items:
        tokens = len(base.renderer.prompt(item.messages, item.tools, effort))
        if tokens + ROOM_FOR_AN_ANSWER > base.context:
            raise JobFailure(
                f"Invalid {name} file: line {item.line} has a prompt of {tokens} tokens; the model's context is "
                f"{base.context}, and at least {ROOM_FOR_AN_ANSWER} must be left for the answer.",
                param=f"{name}_file",
                code=f"invalid_{name}_file",
            )
        longest = max(longest, tokens)
    return longest
