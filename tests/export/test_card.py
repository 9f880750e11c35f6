from burnish.export.card import card
from burnish.export.parity import Parity
from burnish.export.rewards import Rewards
from tests.rows import GRADER, checkpoint, job, job_body, model


def test_a_card_names_base_data_grader_and_metrics():
    made = card(
        model("ftjob-a", 3),
        job("ftjob-a", request=job_body()),
        checkpoint("ftjob-a", 3),
        {"training file": "abc"},
        is_adapter=True,
        parity=None,
    )
    assert made.startswith("---\nbase_model: ")
    assert "library_name: peft" in made
    assert "- training file: sha256 `abc`" in made
    assert f'"type": "{GRADER["type"]}"' in made
    assert "## Metrics" in made
    assert "## Parity" not in made


def test_merged_weights_tell_how_they_compare():
    parity = Parity(answers=2, tokens=9, largest=2e-6, mean=1e-7)
    made = card(model("ftjob-a", 3), None, None, {}, is_adapter=False, parity=parity)
    assert "library_name: transformers" in made
    assert "9 tokens of 2 answers" in made
    assert "2.00e-06" in made
    assert "## Grader" not in made
    assert "ewards" not in made


def test_rewards_stand_beside_log_probs_or_why_they_do_not():
    rewards = Rewards(rows=3, served=0.5, exported=0.625, largest=0.25)
    parity = Parity(answers=3, tokens=9, largest=2e-6, mean=1e-7, rewards=rewards)
    made = card(model("ftjob-a", 3), None, None, {}, is_adapter=False, parity=parity)
    assert "Rewards of 3 likeliest answers differ by 2.50e-01 at most" in made
    assert "0.5000 served and 0.6250 exported" in made
    parity = Parity(answers=3, tokens=9, largest=2e-6, mean=1e-7, ungraded="No sandbox.")
    made = card(model("ftjob-a", 3), None, None, {}, is_adapter=False, parity=parity)
    assert "Rewards were not compared: No sandbox." in made
