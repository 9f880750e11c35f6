import json
import random

from burnish.starter.tasks.judge import JUDGE, guide_rubric


def test_equal_facts_score_one_and_another_topic_scores_zero():
    rng = random.Random(0)
    for _ in range(400):
        row = JUDGE.item(rng)
        result = row.fields["result"]
        if row.facts["other"] != row.facts["topic"]:
            assert result == 0
        if row.facts["answer"] == row.facts["reference"]:
            assert result == 1


def test_a_shortened_answer_scores_three_quarters():
    rng = random.Random(1)
    found = [row for row in (JUDGE.item(rng) for _ in range(300)) if row.label == "0.75"]
    for row in found:
        words = row.facts["answer"].rstrip(".").split()
        assert row.facts["reference"].split()[: len(words)] == words
        assert len(words) < len(row.facts["reference"].split())


def test_the_answer_is_the_judgement_that_score_model_wants():
    rng = random.Random(2)
    row = JUDGE.item(rng)
    judgement = json.loads(JUDGE.demonstrate(row, rng, "none").answer)
    assert list(judgement) == ["steps", "result"]
    assert [list(step) for step in judgement["steps"]] == [["description", "conclusion"]] * 2
    assert judgement["result"] == row.fields["result"]


def test_prompts_end_as_the_guides_does():
    row = JUDGE.item(random.Random(3))
    text = row.fields["messages"][0]["content"]
    assert text.endswith(f"\nReference Answer: {row.facts['reference']}\nModel Answer: {row.facts['answer']}\n")


def test_the_guides_rubric_is_among_the_rubrics():
    rng = random.Random(0)
    texts = [JUDGE.item(rng).fields["messages"][0]["content"] for _ in range(300)]
    assert any(text.startswith(guide_rubric()) for text in texts)
    assert guide_rubric().startswith("# Overview") and "Bug Bounty Program" in guide_rubric()
