"""THE loop: sample, grade, learn, tell; on one page."""

from burnish.work.check import Data
from burnish.work.clock import Clock
from burnish.work.journal import Journal, ResumePoint, StepRecord, Wish
from burnish.work.learner import Learner
from burnish.work.metrics import Metrics
from burnish.work.patience import Patience
from burnish.work.plan import Plan
from burnish.work.rollout import Roller
from burnish.work.stagnation import Stagnation, Validation
from burnish.work.transcript import lines
from burnish.work.usage import used_by


async def reinforce(
    plan: Plan, data: Data, roller: Roller, learner: Learner, metrics: Metrics, journal: Journal
) -> Wish:
    """Carry out the plan from where it was left, step by step, until it ends or the user wishes otherwise.

    Pauses when graders fail us, and raises `JobFailure` when the user's own do.
    """
    pulse = journal.pulse
    with pulse.at("loading the snapshot"):
        point = journal.begin(plan)
        if point is not None:
            await learner.restore(point.snapshot)
    if point is None:
        point = await _first_look(data, roller, learner, metrics, journal)
    trained_tokens, patience = point.trained_tokens, Patience()
    stagnation = Stagnation(plan.early_stop_patience).after(*point.validations)
    for step in plan.steps(point.step + 1):
        if (wish := journal.wish()) is not Wish.GO_ON:
            return wish
        if stagnation.is_over:
            return Wish.ENOUGH
        pulse.begin(step)
        clock = Clock(pulse)
        with clock.phase("sampling"):
            groups = await roller.train([data.train[row] for row in plan.rows_at(step)], step, clock)
        with clock.phase("training"):
            lesson = await learner.learn(step, groups)
        validation = None
        if plan.validates_after(step):
            with clock.phase("eval"):
                validation = await roller.validate(data.valid, Clock(pulse))
        trained_tokens += lesson.trained_tokens
        values = metrics.step(step, groups, validation, lesson, clock)
        with pulse.at("writing the checkpoint"):
            record = StepRecord(
                step=step,
                message=metrics.message(values),
                metrics=values,
                trained_tokens=trained_tokens,
                usage=used_by(groups, validation or [], lesson.trained_tokens, clock),
                snapshot=await learner.snapshot(journal.room("snapshot", step)) if plan.keeps(step) else None,
                published=await learner.publish(journal.room("model", step)) if validation is not None else None,
                rollouts=lines(step, groups + (validation or []), lesson.advantages, roller.renderer.texts),
            )
            journal.commit(record)
        if validation is not None:
            stagnation = stagnation.after(Validation(step, values["full_valid_mean_reward"]))
        patience = patience.after(groups)
        if patience.outage is not None:
            journal.say(patience.outage, level="error")
            return Wish.PAUSE
    return Wish.GO_ON


async def _first_look(data: Data, roller: Roller, learner: Learner, metrics: Metrics, journal: Journal) -> ResumePoint:
    """Step 0: how good the base is, before any update."""
    pulse = journal.pulse
    pulse.begin(0)
    clock = Clock(pulse)
    with clock.phase("eval"):
        validation = await roller.validate(data.valid, Clock(pulse))
    with pulse.at("writing the checkpoint"):
        snapshot = await learner.snapshot(journal.room("snapshot", 0))
        record = StepRecord(
            step=0,
            message=metrics.baseline_message(validation),
            metrics=metrics.baseline(validation),
            trained_tokens=0,
            usage=used_by([], validation, 0, clock),
            snapshot=snapshot,
            rollouts=lines(0, validation, {}, roller.renderer.texts),
        )
        journal.commit(record)
    return ResumePoint(0, 0, snapshot, [Validation(0, record.metrics["full_valid_mean_reward"])])
