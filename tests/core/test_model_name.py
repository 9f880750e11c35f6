from burnish.core.model_name import tuned_name


def test_a_name_has_five_fields_and_a_checkpoint_six():
    assert (
        tuned_name("o4-mini-2025-04-16", "local", "review", "9uJPbR69") == "ft:o4-mini-2025-04-16:local:review:9uJPbR69"
    )
    assert tuned_name("base", "local", "s", "9uJPavaa", 10) == "ft:base:local:s:9uJPavaa:ckpt-step-10"


def test_a_missing_suffix_keeps_its_colons():
    assert tuned_name("gpt", "openai", None, "BTz2REMH") == "ft:gpt:openai::BTz2REMH"
