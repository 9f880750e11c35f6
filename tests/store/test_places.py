from burnish.store.places import model_blob, rollouts_blob, snapshot_blob


def test_steps_sort_as_they_follow_each_other():
    assert snapshot_blob("ftjob-1", 9) < snapshot_blob("ftjob-1", 10)
    assert rollouts_blob("ftjob-1", 99) < rollouts_blob("ftjob-1", 100)


def test_a_models_name_becomes_one_directory():
    assert model_blob("ft:org/base:local::x1:ckpt-step-2") == "models/ft_org_base_local__x1_ckpt-step-2"
