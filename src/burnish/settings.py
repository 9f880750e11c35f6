"""Every knob, read once from `BURNISH_*` and `burnish.toml`; nothing else reads the environment.

Precedence: arguments, then `BURNISH_*` (nested with `__`: `BURNISH_MODELS__ALIASES`), then `burnish.toml` in the
working directory, then the defaults below.
"""

import base64
import json
import netrc
import os
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    DirectoryPath,
    Field,
    FilePath,
    SecretStr,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from burnish.core.webhook import OPENAIS, EventType
from burnish.prices import Prices

STARTER = "burnish-starter"
"""The name of the embedded base model."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Remote(_Section):
    """An OpenAI-compatible endpoint that serves one model, as a judge for instance."""

    base_url: str
    """Up to and including `/v1`."""
    api_key: str = "none"
    model: str | None = None
    """The model's name there; None: the name it has here."""
    timeout_s: float = Field(default=60.0, gt=0)
    concurrency: int = Field(default=8, ge=1)
    """Most requests under way at a time."""
    attempts: int = Field(default=4, ge=1)
    """How often a request is tried in all while what keeps it from an answer may pass."""


class Models(_Section):
    """Which names mean which models."""

    local: dict[str, str] = Field(default_factory=dict)
    """Base model name -> directory of a Hugging Face causal LM, or its hub name. `burnish-starter` is always there."""
    remote: dict[str, Remote] = Field(default_factory=dict)
    """Model name -> endpoint. Usable as judges and for chat, not for training."""
    embedders: dict[str, str] = Field(default_factory=dict)
    """Embedding model's name -> directory of a model that `sentence-transformers` reads, or its hub name."""
    aliases: dict[str, str] = Field(default_factory=dict)
    """Retired or foreign names -> a local, tuned or remote model: `"o4-mini-2025-04-16" = "burnish-starter"`."""

    def source(self, name: str) -> str:
        """The directory or hub name of a model's files here; the name itself where none is set."""
        return self.local.get(name) or self.embedders.get(name, name)


class Grading(_Section):
    """What graders need from outside."""

    run_timeout_s: float = Field(default=300.0, gt=0)
    """How long POST /fine_tuning/alpha/graders/run may take; then it answers 0 with the fault."""
    embedder: str = "text-embedding-3-large"
    """The model of the metric `cosine`: a name in `models.embedders` or `models.remote`, or an alias of one."""
    judge_cache: int = Field(default=0, ge=0)
    """How many judges' answers a run keeps, so that an equal request is not asked again; 0: none."""
    sandbox: Literal["auto", "bubblewrap", "sandlock", "off", "unsafe-none"] = "auto"
    """What keeps python graders in: the first that stands the probe, one of the two alone, no python graders, or
    python graders without any sandbox."""
    concurrency: int | None = Field(default=None, ge=1)
    """Most python graders that run at a time; None: one per core."""
    wordnet: FilePath | DirectoryPath | None = None
    """WordNet 3's directory or NLTK's `wordnet.zip`, for METEOR; None: wherever NLTK or Debian put it."""

    @property
    def wordnet_places(self) -> tuple[Path, ...]:
        """Where WordNet may lie, best first."""
        if self.wordnet is not None:
            return (self.wordnet,)
        shelves = [Path(shelf) for shelf in os.environ.get("NLTK_DATA", "").split(os.pathsep) if shelf]
        shelves += [Path.home() / "nltk_data", Path("/usr/share/nltk_data"), Path("/usr/local/share/nltk_data")]
        kept = [shelf / "corpora" / name for shelf in shelves for name in ("wordnet", "wordnet.zip")]
        return (*kept, Path("/usr/share/wordnet"))


class Evals(_Section):
    """How runs of evals are carried out."""

    concurrency: int = Field(default=32, ge=1)
    """Most answers that are sampled and graded at a time, in all runs."""


class Training(_Section):
    """How runs train where the API has no field for it."""

    parameters: Literal["lora", "full"] = "lora"
    lora_rank: int = Field(default=16, ge=1)
    lora_alpha: float = Field(default=32.0, gt=0)
    baseline: Literal["leave_one_out", "grpo"] = "leave_one_out"
    """How rewards become advantages: against the mean of the group's other answers over the batch's deviation, or
    GRPO's own form over the group's deviation."""
    kl: float = Field(default=0.0, ge=0)
    """Weight of the KL term to the reference (the base); 0 only reports it."""
    ungradable_reward: float = 0.0
    """Reward of truncated, empty or unparsable answers; -1 is what OpenAI's published figures fit."""
    threads: int = Field(default=1, ge=1)
    """Threads of a run. Results are bit for bit the same only at the same number."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of a base's weights and activations wherever it runs, in training and serving alike; sums, learning weights and
    moments stay float32. `auto`: bfloat16 where the processor multiplies it (AVX512-BF16, AMX), else float32."""
    max_answer_tokens: int = Field(default=512, ge=1)
    """Longest answer after the reasoning has ended; no more than the model's context leaves."""
    keep_checkpoints: int = Field(default=3, ge=1)
    kept_rollouts: float = Field(default=1.0, ge=0, le=1)
    """Share of each step's training questions whose answers are kept, token by token; those to validation all are."""
    early_stop_patience: int | None = Field(default=None, ge=1)
    """Validation passes in a row that may bring no higher reward before a job ends; None: it goes on to its last step.
    A job's metadata may say otherwise."""


class Vllm(Remote):
    """A vLLM server that serves a base and all that is tuned from it; `concurrency` does not hold: it queues itself."""

    timeout_s: float = Field(default=600.0, gt=0)
    adapters: Path | None = None
    """Where adapters are written for it; None: in `data_dir`."""
    adapters_there: str | None = None
    """What that directory is called where the server runs; None: the same."""
    most_adapters: int = Field(default=8, ge=1)
    """Adapters kept loaded there; the one unused for longest goes first."""


class Serving(_Section):
    """How base and tuned models are served here."""

    vllm: dict[str, Vllm] = Field(default_factory=dict)
    """Base model's name -> the vLLM server that serves it in place of a process of ours."""

    invariant: bool = False
    """Whether the bits of an answer may not change with what else is asked at the time."""
    memory_bytes: int | None = Field(default=None, ge=1)
    """What all bases' processes together may take; None: four fifths of the machine's, or the container's, memory."""


class Budgets(_Section):
    """What any job may spend before it pauses; None: as much as it takes."""

    usd: float | None = Field(default=None, gt=0)
    seconds: float | None = Field(default=None, gt=0)
    """Of the machine's time."""
    tokens: int | None = Field(default=None, gt=0)
    """Sampled by the model, in training and validation."""


class Watchdog(_Section):
    """How long a run may get nothing done."""

    name_after_s: float = Field(default=300.0, gt=0)
    """Then an event says what it is at."""
    restart_after_s: float = Field(default=1800.0, gt=0)
    """Then it is restarted from its last committed step."""

    @model_validator(mode="after")
    def _names_first(self) -> Self:
        if self.restart_after_s < self.name_after_s:
            raise ValueError("watchdog.restart_after_s is less than watchdog.name_after_s")
        return self


class Webhook(_Section):
    """An endpoint that is told what happens to jobs."""

    url: str = Field(repr=False)
    """Where events are posted to. It may carry a token, and is written in no log."""
    secret: SecretStr
    """What signs them: `whsec_` and the base64 of 24 to 64 bytes."""
    old_secret: SecretStr | None = None
    """Signs as well, while receivers change over."""
    events: tuple[EventType, ...] = Field(default=OPENAIS, min_length=1)
    """Which ones."""
    project: str | None = None
    """Whose jobs; None: everybody's."""
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    """Of one request, from connecting to the answer's head."""

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        """All that sign, the present one first."""
        return (self.secret,) if self.old_secret is None else (self.secret, self.old_secret)

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an endpoint's url begins with https:// or http:// and a host")
        return url

    @field_validator("secret", "old_secret")
    @classmethod
    def _is_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is None:
            return None
        prefix, _, encoded = secret.get_secret_value().partition("_")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if prefix != "whsec" or not 24 <= len(key) <= 64:
            raise ValueError("a secret is whsec_ and the base64 of 24 to 64 bytes; burnish webhooks secret makes one")
        return secret

    @field_serializer("secret", "old_secret", when_used="json-unless-none")
    def _for_children(self, secret: SecretStr) -> str:
        return secret.get_secret_value()


class Wandb(_Section):
    """How jobs that ask for it are followed at Weights & Biases. What is left out is what the library itself takes."""

    mode: Literal["online", "offline"] | None = None
    """None: what WANDB_MODE says, else online."""
    api_key: SecretStr | None = None
    """None: WANDB_API_KEY, or what `wandb login` left."""
    base_url: str | None = None
    """Of a server of one's own; None: WANDB_BASE_URL, else the public one."""
    directory: Path | None = None
    """Where the library makes its directory `wandb`; None: in `data_dir`."""

    @property
    def is_offline(self) -> bool:
        """Whether runs are written to disk alone."""
        return (self.mode or os.environ.get("WANDB_MODE")) in ("offline", "dryrun")

    @property
    def has_key(self) -> bool:
        """Whether there is a key to go online with."""
        return self.api_key is not None or bool(os.environ.get("WANDB_API_KEY")) or self._has_login()

    def _has_login(self) -> bool:
        url = self.base_url or os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai"
        try:
            logins = netrc.netrc(os.environ.get("NETRC"))
        except (OSError, netrc.NetrcParseError):
            return False
        return urlsplit(url).hostname in logins.hosts

    @field_serializer("api_key", when_used="json-unless-none")
    def _for_children(self, key: SecretStr) -> str:
        return key.get_secret_value()


class TensorBoard(_Section):
    """Whether jobs are logged for TensorBoard."""

    directory: Path | None = None
    """Where each job has a directory of event files; None: nothing is written."""


class Settings(BaseSettings):
    """Everything an operator may set."""

    model_config = SettingsConfigDict(
        env_prefix="BURNISH_",
        env_nested_delimiter="__",
        toml_file="burnish.toml",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # it may be a secret
    )

    host: str = "127.0.0.1"
    port: int = Field(default=8787, ge=0, le=65535)
    data_dir: Path = Path("burnish-data")
    """Rows and blobs of an embedded server."""
    database_url: str | None = None
    """SQLAlchemy URL; None: SQLite in the data directory."""
    blobs_url: str | None = None
    """obstore URL; None: a directory in the data directory."""
    organization: str = "local"
    """The `<org>` of tuned model names and `organization_id` of jobs."""
    infer_url: str | None = None
    """Where the inference process listens; set by `burnish serve`."""
    max_file_bytes: int = Field(default=512 * 1024 * 1024, ge=1)
    lease_s: float = Field(default=60.0, gt=0)
    """How long a worker's claim on a job lasts without a heartbeat."""
    poll_s: float = Field(default=0.5, gt=0)
    """How often an idle worker looks for jobs."""
    concurrent_jobs: int = Field(default=1, ge=1)
    """Most jobs that a worker runs at a time; each is a process with its own copy of the base."""
    models: Models = Models()
    grading: Grading = Grading()
    evals: Evals = Evals()
    training: Training = Training()
    serving: Serving = Serving()
    prices: Prices = Prices()
    budget: Budgets = Budgets()
    watchdog: Watchdog = Watchdog()
    webhooks: dict[str, Webhook] = Field(default_factory=dict)
    """Name -> endpoint."""
    wandb: Wandb = Wandb()
    tensorboard: TensorBoard = TensorBoard()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment, file; no .env and no secrets directory."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @model_validator(mode="after")
    def _names_have_models(self) -> Self:
        for name in self.models.embedders.keys() & {STARTER, *self.models.local, *self.models.remote}:
            raise ValueError(f"models.embedders names '{name}', which is another model's name too.")
        for name in self.prices.judges.keys() - self.models.remote.keys():
            raise ValueError(f"prices.judges names '{name}', which is no model of models.remote.")
        for name in self.serving.vllm:
            if not self.is_local(name):
                raise ValueError(f"serving.vllm names '{name}', which is no base model: see models.local.")
        if self.budget.usd is not None and not self.prices.is_set:
            raise ValueError("budget.usd needs prices: without them nothing costs anything.")
        return self

    def resolve(self, name: str) -> str:
        """The model that a name stands for, through the aliases; the name itself where there is none."""
        return self.models.aliases.get(name, name)

    def is_local(self, target: str) -> bool:
        """Whether a name, aliases resolved, is a base model that is trained and served here."""
        return target == STARTER or target in self.models.local

    def local_path(self, name: str) -> str | None:
        """Where a base model lies, aliases resolved: a directory, a hub name or `burnish-starter`; None if not here."""
        target = self.resolve(name)
        return target if target == STARTER else self.models.local.get(target)


def starter_directory() -> Path:
    """Where the weights of the embedded starter model lie."""
    return Path(__file__).parent / "starter" / "weights"


def cache_directory() -> Path:
    """Where what can be made again is kept between runs, for this user: `$XDG_CACHE_HOME/burnish`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "burnish"


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment in which a child process reads these same settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BURNISH_")}
    kept = {"WANDB_ERROR_REPORTING": "false"} | kept  # else the library sends its makers what goes wrong with it
    values = settings.model_dump(mode="json", exclude_none=True)
    return kept | {
        f"BURNISH_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }
