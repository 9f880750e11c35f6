"""THE loop: sample, grade, learn, tell; on one page."""

from burnish.work.check import Data
from burnish.work.clock import Clock
from burnish.work.journal import Journal, StepRecord, Wish
from burnish.work.learner import Learner
from burnish.work.metrics import Metrics
from burnish.work.plan import Plan
from burnish.work.rollout import Roller
from burnish.work.transcript import lines


async def reinforce(
    plan: Plan, data: Data, roller: Roller, learner: Learner, metrics: Metrics, journal: Journal
) -> Wish:
    """Carry out the plan, step by step, until it ends or the journal wishes otherwise."""
    baseline = await roller.validate(data.valid, Clock())
    journal.say(metrics.baseline_message(baseline), data=metrics.baseline(baseline))
    trained_tokens = 0
    for step in plan.steps():
        clock = Clock()
        with clock.phase("sampling"):
            groups = await roller.train([data.train[row] for row in plan.rows_at(step)], step, clock)
        with clock.phase("training"):
            lesson = await learner.learn(step, groups)
        validation = None
        if plan.validates_after(step):
            with clock.phase("eval"):
                validation = await roller.validate(data.valid, Clock())
        trained_tokens += lesson.trained_tokens
        values = metrics.step(step, groups, validation, lesson, clock)
        record = StepRecord(
            step=step,
            message=metrics.message(values),
            metrics=values,
            trained_tokens=trained_tokens,
            seconds=clock.elapsed,
            published=await learner.publish(journal.room(step)) if validation is not None else None,
            rollouts=lines(step, groups + (validation or []), lesson.advantages),
        )
        wish = journal.commit(record)
        if wish is not Wish.GO_ON:
            return wish
    return Wish.GO_ON
