import pytest

from burnish.core.early_stop import patience_of
from burnish.core.errors import InvalidRequest


def test_jobs_go_on_to_their_last_step_unless_somebody_says_otherwise():
    assert patience_of(None) is None
    assert patience_of({"team": "a"}) is None


def test_the_settings_hold_for_jobs_that_say_nothing():
    assert patience_of({"team": "a"}, 5) == 5


def test_what_a_job_says_holds_and_nothing_turns_it_off():
    assert patience_of({"burnish_early_stop_patience": "3"}, 5) == 3
    assert patience_of({"burnish_early_stop_patience": "0"}, 5) is None


@pytest.mark.parametrize("text", ["", "three", "1.5", "-1", "\u0663", "9" * 10])
def test_what_is_no_number_is_refused_with_its_key(text: str):
    with pytest.raises(InvalidRequest, match="Write a whole number of validation passes") as caught:
        patience_of({"burnish_early_stop_patience": text})
    assert (caught.value.param, caught.value.code) == ("metadata.burnish_early_stop_patience", "invalid_value")


def test_a_misspelt_key_is_refused():
    with pytest.raises(InvalidRequest, match="one key, 'burnish_early_stop_patience'") as caught:
        patience_of({"burnish_early_stop_patiance": "3"})
    assert caught.value.code == "unknown_parameter"
