import re
from typing import get_args

import pytest

from burnish.core.ids import Kind, derived_id, derived_model_id, new_id


@pytest.mark.parametrize("kind", get_args(Kind))
def test_an_id_is_its_prefix_and_24_letters_or_digits(kind):
    assert re.fullmatch(re.escape(kind) + "[0-9A-Za-z]{24}", new_id(kind))


def test_a_derived_id_hangs_on_its_parts_alone():
    assert derived_id("file-", "ftjob-1", "a.csv") == derived_id("file-", "ftjob-1", "a.csv")
    assert derived_id("file-", "ftjob-1", "a.csv") != derived_id("file-", "ftjob-1", "b.csv")
    assert re.fullmatch("file-[0-9A-Za-z]{24}", derived_id("file-", 1))


def test_a_model_id_has_8_letters_or_digits():
    assert re.fullmatch("[0-9A-Za-z]{8}", derived_model_id("ftjob-1", 3))
    assert derived_model_id("ftjob-1", 3) != derived_model_id("ftjob-1", 4)


def test_ids_do_not_repeat_and_use_the_whole_alphabet():
    ids = [new_id("file-") for _ in range(1000)]
    assert len(set(ids)) == 1000
    # 24,000 draws of 62 characters: that one is missing has a chance of 62 * (61/62)^24000, about 1e-168.
    assert len(set("".join(each.removeprefix("file-") for each in ids))) == 62
