import pytest
import torch

from burnish.core.errors import InvalidRequest
from burnish.policy.attention import Bucket, TreeAttention, _forward


def _bucket(keys: int, queries: int) -> Bucket:
    """One segment: the last `queries` of `keys` tokens."""
    mask_SCT = (torch.arange(keys) <= torch.arange(keys - queries, keys)[:, None])[None]
    return Bucket(torch.arange(queries)[None], torch.arange(keys)[None], mask_SCT, torch.arange(queries))


def test_attention_is_the_weighted_mean_worked_out_by_hand():
    query_NHD = torch.tensor([[[1.0]], [[2.0]]])
    key_NKD = torch.tensor([[[0.0]], [[1.0]]])
    value_NKD = torch.tensor([[[10.0]], [[20.0]]])
    out_NHD = TreeAttention([_bucket(2, 2)]).attend(0, query_NHD, key_NKD, value_NKD, 0.5)
    share = torch.sigmoid(torch.tensor(1.0))  # softmax of (0, 2 * 1 * 0.5)
    torch.testing.assert_close(out_NHD[:, 0, 0], torch.stack([torch.tensor(10.0), 10 + 10 * share]))


def test_remembered_tokens_come_before_the_packed_ones():
    torch.manual_seed(0)
    query_NHD, key_NKD, value_NKD = torch.randn(6, 4, 8), torch.randn(6, 2, 8), torch.randn(6, 2, 8)
    whole_NHD = TreeAttention([_bucket(6, 6)]).attend(0, query_NHD, key_NKD, value_NKD, 0.3)
    later = TreeAttention([_bucket(6, 2)], remembered=[(key_NKD[:4], value_NKD[:4])])
    out_NHD = later.attend(0, query_NHD[4:], key_NKD[4:], value_NKD[4:], 0.3)
    torch.testing.assert_close(out_NHD, whole_NHD[4:])


@pytest.mark.parametrize("option", ["sliding_window", "softcap", "s_aux", "position_bias"])
def test_kinds_of_attention_that_we_lack_are_refused(option):
    tensor = torch.zeros(1, 1, 1, 8)
    with pytest.raises(InvalidRequest, match=option):
        _forward(None, tensor, tensor, tensor, None, burnish=TreeAttention([_bucket(1, 1)]), **{option: 5})


def test_a_model_that_swallows_our_attention_is_refused():
    tensor = torch.zeros(1, 1, 1, 8)
    with pytest.raises(InvalidRequest, match="architecture"):
        _forward(None, tensor, tensor, tensor, None)
