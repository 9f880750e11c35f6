import torch

from benchmarks.speed.ends import Ends, answer_tokens


def test_a_row_ends_at_its_length_and_not_before():
    ends = Ends(end_id=1, lengths=[2, 3], prompt_tokens=4)
    first = ends(torch.zeros(2, 4, dtype=torch.long), torch.zeros(2, 5))
    assert first.isinf().tolist() == [[False, True, False, False, False]] * 2
    second = ends(torch.zeros(2, 5, dtype=torch.long), torch.zeros(2, 5))
    assert second.isinf().tolist() == [[True, False, True, True, True], [False, True, False, False, False]]


def test_tokens_are_counted_up_to_the_first_end():
    assert answer_tokens(torch.tensor([[5, 6, 1, 2, 1], [5, 6, 7, 8, 9], [1, 2, 2, 2, 2]]), end_id=1) == 3 + 5 + 1
