import torch

from burnish.policy.fingerprint import fingerprint


def test_it_names_what_the_bits_hang_on():
    found = fingerprint()
    assert f"torch {torch.__version__}" in found
    assert f"{torch.get_num_threads()} threads" in found
    assert found == fingerprint()
    assert not found.startswith(",")
