import asyncio
import json
from pathlib import Path

import pytest

from burnish.core.errors import InvalidRequest
from burnish.grade.score_model import question
from burnish.policy.load import Base
from burnish.settings import Models, Remote, Settings, Training
from burnish.spec.chat import ChatRequest
from burnish.work.judges import Judges
from tests.tiny import write_tiny_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture
def settings(tiny: Path) -> Settings:
    remote = {"gpt-4.1": Remote(base_url="http://127.0.0.1:9/v1")}
    aliases = {"gpt-4o-2024-08-06": "tiny", "o3": "gpt-4.1"}
    return Settings(models=Models(local={"tiny": str(tiny)}, remote=remote, aliases=aliases))


def asked(text: str, model: str = "gpt-4o-2024-08-06") -> ChatRequest:
    return ChatRequest(
        model=model,
        messages=[{"role": "user", "content": text}],
        response_format=question(0.0, 1.0).response_format(),
        reasoning_effort="none",
        max_completion_tokens=400,
    )


def test_an_alias_of_a_local_model_answers_in_the_judges_schema_the_same_every_time(settings: Settings, tiny: Path):
    async def ask(judges: Judges) -> list[str | None]:
        answers = [await judges.complete(asked("Rate: yes.")) for _ in range(2)]
        return [answer.choices[0].message.content for answer in answers]

    with Judges.opened(settings, Base.load(tiny)) as judges:
        first, second = asyncio.run(ask(judges))
    assert first == second
    assert first is not None
    assert json.loads(first).keys() == {"steps", "result"}


def test_judges_of_one_prefix_share_its_prefill(settings: Settings, tiny: Path):
    async def ask(judges: Judges) -> list[int]:
        rubric = "A long rubric that all share. " * 6
        usages = [(await judges.complete(asked(rubric + each))).usage for each in ("one", "two")]
        return [usage.prompt_tokens_details.cached_tokens for usage in usages if usage and usage.prompt_tokens_details]

    with Judges.opened(settings, Base.load(tiny)) as judges:
        first, second = asyncio.run(ask(judges))
    assert first == 0
    assert second > 100


def test_aliases_of_one_model_are_one_judge(settings: Settings, tiny: Path):
    async def ask(judges: Judges) -> list[int]:
        rubric = "A long rubric that all share. " * 6
        usages = [(await judges.complete(asked(rubric, model))).usage for model in ("gpt-4o-2024-08-06", "tiny")]
        return [usage.prompt_tokens_details.cached_tokens for usage in usages if usage and usage.prompt_tokens_details]

    with Judges.opened(settings, Base.load(tiny)) as judges:
        _, second = asyncio.run(ask(judges))
    assert second > 100


def test_only_models_on_this_machine_are_local(settings: Settings, tiny: Path):
    with Judges.opened(settings, Base.load(tiny)) as judges:
        assert judges.is_local("gpt-4o-2024-08-06")
        assert not judges.is_local("o3")


def test_an_unknown_judge_is_refused_by_name(settings: Settings, tiny: Path):
    with Judges.opened(settings, Base.load(tiny)) as judges, pytest.raises(InvalidRequest, match="nobody"):
        asyncio.run(judges.complete(asked("?", model="nobody")))


def test_a_judge_on_weights_of_its_own_is_heard_like_the_run(settings: Settings, tiny: Path):
    settings = settings.model_copy(update={"training": Training(parameters="full")})
    base, beats = Base.load(tiny), list[int]()
    base.beat = lambda: beats.append(1)
    with Judges.opened(settings, base) as judges:
        asyncio.run(judges.complete(asked("Rate: yes.")))
    assert len(beats) > 1
