from burnish.export.card import card
from burnish.export.parity import Parity
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
