from burnish.core.model_name import name_of, tuned_name
from tests.work.made import job


def test_a_name_has_five_fields_and_a_checkpoint_six():
    assert (
        tuned_name("o4-mini-2025-04-16", "local", "review", "9uJPbR69") == "ft:o4-mini-2025-04-16:local:review:9uJPbR69"
    )
    assert tuned_name("base", "local", "s", "9uJPavaa", 10) == "ft:base:local:s:9uJPavaa:ckpt-step-10"


def test_a_missing_suffix_keeps_its_colons():
    assert tuned_name("gpt", "openai", None, "BTz2REMH") == "ft:gpt:openai::BTz2REMH"


def test_a_jobs_models_have_names_that_hang_on_job_and_step_alone():
    mine = job(model="o4-mini", suffix="mine")
    names = [name_of(mine, "acme", step) for step in (None, 3, 4)]
    assert names == [name_of(mine, "acme", step) for step in (None, 3, 4)]
    assert len({name.split(":")[4] for name in names}) == 3
    assert all(name.startswith("ft:o4-mini:acme:mine:") for name in names)
