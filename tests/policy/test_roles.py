import inspect

from burnish.policy.roles import Sampler, Trainer
from burnish.policy.sample import LocalSampler
from burnish.policy.train import LocalTrainer


def test_the_local_engine_fills_both_roles_as_declared():
    for role, ours in ((Sampler, LocalSampler), (Trainer, LocalTrainer)):
        for name, declared in inspect.getmembers(role, inspect.isfunction):
            if not name.startswith("_"):
                assert list(inspect.signature(getattr(ours, name)).parameters) == list(
                    inspect.signature(declared).parameters
                )


def test_the_local_engine_can_do_everything(base):
    assert LocalTrainer(base, rank=4).can == LocalSampler(base).can
    assert LocalSampler(base).can.grammar and LocalSampler(base).can.exact_resume
