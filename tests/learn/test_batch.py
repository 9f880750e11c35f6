from array import array

from burnish.core.rollout import Completion, Group, Item, Rollout, Sample, SampleKey, Source
from burnish.learn.advantage import Credit
from burnish.learn.batch import examples_of, with_reference

S, G, B = Source.SAMPLED, Source.FORCED_GRAMMAR, Source.FORCED_BUDGET


def _turn(sample: int, *sources: int, turn: int = 0, line: int = 1) -> Completion:
    count = len(sources)
    return Completion(
        key=SampleKey("job", "train", 1, line, sample, turn),
        prompt_ids=array("q", [1, 2]),
        output_ids=array("q", range(10, 10 + count)),
        logprobs=array("d", [-0.5] * count),
        source=array("b", sources),
        allowed_mass=array("d", [1.0] * count),
        constraint="digest",
        temperature=0.9,
        policy_version=0,
        reasoning_tokens=0,
        finish="stop",
    )


def _credit(advantages: dict[int, float], *turns: Completion, rewards: dict[int, float | None] | None = None) -> Credit:
    item = Item(1, (), (), {})
    samples = sorted({turn.key.sample for turn in turns})
    rollouts = tuple(
        Rollout(
            SampleKey("job", "train", 1, 1, sample),
            item,
            tuple(turn for turn in turns if turn.key.sample == sample),
            Sample("", None),
            None,
            None,
            (rewards or {}).get(sample, 1.0),
        )
        for sample in samples
    )
    return Credit(Group(item, rollouts), tuple(advantages.values()))


def test_only_tokens_that_were_sampled_weigh():
    (example,) = examples_of([_credit({0: 0.5}, _turn(0, S, B, G, S))])
    assert example.weight.tolist() == [1.0, 0.0, 0.0, 1.0]
    assert example.advantage.tolist() == [0.5] * 4
    assert example.old_logp.tolist() == [-0.5] * 4
    assert (example.constraint, example.temperature, example.ref_logp) == ("digest", 0.9, None)


def test_examples_stand_in_the_order_of_their_keys():
    examples = examples_of([_credit({0: 0.5, 1: -0.5}, _turn(1, S), _turn(0, S))])
    assert [(each.key.sample, each.advantage[0]) for each in examples] == [(0, 0.5), (1, -0.5)]


def test_all_turns_share_the_rollouts_advantage():
    examples = examples_of([_credit({0: 0.5}, _turn(0, S, turn=0), _turn(0, S, S, turn=1))])
    assert [each.advantage.tolist() for each in examples] == [[0.5], [0.5, 0.5]]


def test_an_answer_without_a_choice_is_left_out():
    assert examples_of([_credit({0: 0.5}, _turn(0, G, G))]) == ()


def test_answers_without_a_reward_are_left_out():
    credit = _credit({1: 0.7}, _turn(0, S), _turn(1, S), rewards={0: None, 1: 1.0})
    assert [each.key.sample for each in examples_of([credit])] == [1]


def test_reference_log_probs_are_put_beside():
    examples = examples_of([_credit({0: 0.5, 1: -0.5}, _turn(0, S), _turn(1, S))])
    referenced = with_reference(examples, [array("d", [-1.0]), array("d", [-2.0])])
    assert [each.ref_logp.tolist() for each in referenced] == [[-1.0], [-2.0]]
