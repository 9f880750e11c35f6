from burnish.spec.served import Served


def test_full_weights_are_a_base_of_their_own():
    assert Served(base="tiny", kind="full", blob="models/a").full_blob == "models/a"


def test_a_base_and_an_adapter_on_it_share_the_bases_weights():
    assert Served(base="tiny").full_blob is None
    assert Served(base="tiny", kind="lora", blob="models/a").full_blob is None
