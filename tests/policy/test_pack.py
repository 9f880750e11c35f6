from array import array

import torch

from burnish.policy.pack import pack


def _sequences(*lists):
    return [array("q", each) for each in lists]


def test_a_shared_prompt_stands_once():
    prompt = list(range(100, 130))
    packed = pack(_sequences([*prompt, 1, 2], [*prompt, 3], [*prompt, 4, 5, 6]))
    assert len(packed.ids_N) == 30 + 2 + 1 + 3


def test_every_sequence_is_found_again_by_its_places():
    prompt, other = list(range(100, 140)), list(range(200, 215))
    sequences = _sequences([*prompt, 1, 2], [*prompt, 3], other, [*prompt, 1, 2, 9], [*other, 7], prompt)
    packed = pack(sequences)
    for sequence, place in zip(sequences, packed.places, strict=True):
        assert packed.ids_N[place].tolist() == sequence.tolist()
        assert packed.position_N[place].tolist() == list(range(len(sequence)))


def test_every_token_looks_at_just_its_own_beginning():
    prompt = list(range(100, 130))
    sequences = _sequences([*prompt, 1, 2], [*prompt, 3], [5, 6, 7], [*prompt, *range(40), 1], [*prompt, *range(40), 2])
    packed = pack(sequences)
    seen: dict[int, list[int]] = {}
    next_token = 0
    for bucket in packed.buckets:
        _, width = bucket.query_SC.shape
        for flat in bucket.real.tolist():
            segment, query = divmod(flat, width)
            assert bucket.query_SC[segment, query] == next_token
            mask_CT = torch.ones(width, width).tril().bool() if bucket.mask_SCT is None else bucket.mask_SCT[segment]
            seen[next_token] = bucket.key_ST[segment][mask_CT[query]].tolist()
            next_token += 1
    assert next_token == len(packed.ids_N)
    for place in packed.places:
        for end, token in enumerate(place.tolist()):
            assert seen[token] == place[: end + 1].tolist()


def test_a_few_equal_first_words_are_not_worth_a_branch():
    packed = pack(_sequences([1, 2, 3, 4], [1, 2, 5, 6]))
    assert len(packed.ids_N) == 8


def test_equal_sequences_may_share_everything():
    packed = pack(_sequences(range(50), range(50)))
    assert len(packed.ids_N) == 50
    assert torch.equal(packed.places[0], packed.places[1])
