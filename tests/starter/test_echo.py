from burnish.starter.echo import echoes


def test_what_is_said_is_said_again_after_the_mark():
    for one in echoes(seed=0, tokens=2000):
        said = one.ids[: one.n_prompt - 1]
        assert one.ids[one.n_prompt - 1] == 15
        assert one.ids[one.n_prompt :] == said
        assert 6 <= len(said) <= 40
        assert min(said) > 15
        assert max(said) < 2048


def test_they_are_as_many_tokens_as_asked_for():
    found = [len(one.ids) for one in echoes(seed=0, tokens=2000)]
    assert sum(found[:-1]) < 2000 <= sum(found)


def test_a_seed_fixes_them():
    first, again, other = (list(echoes(seed, 500)) for seed in (1, 1, 2))
    assert first == again != other
