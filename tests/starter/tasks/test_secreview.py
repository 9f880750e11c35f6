import json
import random
from collections import Counter

from burnish.starter.tasks.secreview import HASTY, hidden_policy, secreview
from burnish.starter.tasks.topics import TOPICS


def test_every_hidden_policy_is_balanced():
    for seed in range(20):
        verdicts = Counter(verdict for verdict, _ in hidden_policy(seed))
        assert verdicts == {"yes": 8, "no": 8, "needs review": 8}


def test_a_seed_fixes_the_policy_and_another_changes_it():
    assert hidden_policy(3) == hidden_policy(3) != hidden_policy(4)


def test_a_row_shows_a_question_only_and_refers_to_the_hidden_policy():
    row = secreview(5).item(random.Random(1))
    assert [message["role"] for message in row.fields["messages"]] == ["user"]
    verdict, sentence = hidden_policy(5)[row.facts["topic"]]
    assert row.fields["compliant"] == verdict
    assert row.fields["explanation"] == sentence.format(c="Copernicus")


def test_questions_do_not_depend_on_the_policy():
    asked = [secreview(seed).item(random.Random(9)) for seed in (1, 2)]
    assert asked[0].key == asked[1].key
    assert asked[0].fields["messages"] == asked[1].fields["messages"]


def test_careful_demonstrations_give_every_plausible_answer_its_share():
    family, rng = secreview(0), random.Random(0)
    row = family.item(rng)
    shown = [family.demonstrate(row, rng, "high") for _ in range(4000)]
    given = Counter(json.loads(one.answer)["explanation"] for one in shown if one.careful)
    plausible = {sentence.format(c="Copernicus") for _, sentence in TOPICS[row.facts["topic"]].sentences()}
    assert set(given) == plausible
    assert min(given.values()) / given.total() > 0.14


def test_hasty_demonstrations_do_not_name_the_topic():
    family, rng = secreview(0), random.Random(0)
    shown = [family.demonstrate(family.item(rng), rng, "low") for _ in range(200)]
    assert {one.reasoning for one in shown if not one.careful} == set(HASTY)
