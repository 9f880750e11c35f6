"""One model's endpoint at an OpenAI-compatible server: asked with patience, and the only place that asks it again."""

import asyncio
import itertools
import json
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from burnish.core.errors import BurnishError, Busy, InvalidRequest, Unavailable
from burnish.settings import Remote

log = logging.getLogger(__name__)
Json = Any

FIRST_PAUSE_S = 0.5
"""Before the second attempt; doubles from one to the next."""
LONGEST_PAUSE_S = 30.0
"""Also the longest `retry-after` that is waited for; a longer one ends the attempts."""
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_BUSY, _FAULT = 429, 500
_PASSING = {408, 409, _BUSY}
"""Statuses under 500 that may be gone at the next attempt."""


class NotThere(InvalidRequest):
    """The endpoint knows no model of the name that it was asked for."""


@dataclass(slots=True)
class Shortcut:
    """Where an endpoint has sent requests on to by a redirect: for a while the next ones go there at once."""

    lasts_s: float
    url: str | None = None
    """In place of the base URL."""
    until: float = 0.0
    """By the monotonic clock."""

    def base_url(self, otherwise: str) -> str:
        """Where a request goes now."""
        return otherwise if self.url is None or time.monotonic() > self.until else self.url

    def learn(self, url: str | None) -> None:
        """Take it from now on; None: go the long way."""
        self.url, self.until = url, time.monotonic() + self.lasts_s


@dataclass(frozen=True, slots=True)
class _Setback:
    """Why an attempt gave no answer, and how long the endpoint asks us to wait."""

    reason: str
    retry_after_s: float | None = None
    is_busy: bool = False
    """Whether it said that it has too much to do."""


class Endpoint:
    """Sends one model's requests. Lives in one event loop.

    Whoever asks holds one of `slots`, of which there are `settings.concurrency`, until the answer is read; each
    attempt has `settings.timeout_s`. What may pass (no connection, time-outs, 408, 409, 429, 5xx) is tried up to
    `settings.attempts` times; a slot is held through the pauses, so that a busy endpoint is not asked more.
    """

    def __init__(
        self,
        settings: Remote,
        name: str,
        *,
        client: httpx2.AsyncClient | None = None,
        shortcut: Shortcut | None = None,
        faults_pass: bool = True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`name` is the model's name here; `client` is the caller's, who closes it; of `shortcut` others may know.

        `faults_pass`: a 500 may be gone at the next attempt. One of our own would only come again.
        """
        self._faults_pass = faults_pass
        self.name = name
        self._shortcut = shortcut or Shortcut(0.0)
        self.slots = asyncio.Semaphore(settings.concurrency)
        self._settings = settings
        self._sleep = sleep
        self._is_ours = client is None
        self._client = client_of(settings, most=settings.concurrency) if client is None else client

    async def answer(self, path: str, body: Mapping[str, Json], *, stream: bool = False) -> httpx2.Response:
        """A response with a good status, after as many attempts as it takes and is allowed.

        `path` follows the base URL. The body goes out with the model's name there. Raises `Unavailable` after the
        last attempt, `Busy` where that was a 429, `InvalidRequest` where the endpoint refused the request, and
        `BurnishError` for a 500 that does not pass.
        """
        sent = {**body, "model": self._settings.model or self.name}
        for attempt in itertools.count(1):
            outcome = await self._attempt(path, sent, stream=stream)
            if isinstance(outcome, httpx2.Response):
                return outcome
            pause_s = outcome.retry_after_s
            if pause_s is None:
                pause_s = FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.75, 1.25)
            if attempt >= self._settings.attempts or pause_s > LONGEST_PAUSE_S:
                raise self._failure(attempt, outcome)
            fields = {"endpoint": self._settings.base_url, "attempt": attempt, "reason": outcome.reason}
            log.warning("endpoint will be tried again", extra={**fields, "pause_s": pause_s})
            await self._sleep(pause_s)
        raise AssertionError("counting does not end")

    def object_of(self, data: bytes | str) -> dict[str, Json]:
        """The JSON object that the endpoint sent. Raises `Unavailable` for anything else."""
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise Unavailable(f"The endpoint of model '{self.name}' answered with something else than JSON.") from error
        if not isinstance(answer, dict):
            raise Unavailable(f"The endpoint of model '{self.name}' answered with JSON that is no object.")
        return answer

    async def aclose(self) -> None:
        """Close all connections, unless the client is the caller's."""
        if self._is_ours:
            await self._client.aclose()

    def _failure(self, attempts: int, last: _Setback) -> Busy | Unavailable:
        tries = "once" if attempts == 1 else f"{attempts} times"
        kind = Busy if last.is_busy else Unavailable
        return kind(f"{self._settings.base_url} was tried {tries} for model '{self.name}': {last.reason}.")

    async def _attempt(self, path: str, body: Mapping[str, Json], *, stream: bool) -> httpx2.Response | _Setback:
        """One request. Raises `InvalidRequest` where another attempt could not help."""
        url = self._shortcut.base_url(self._settings.base_url).rstrip("/") + path
        headers = {"authorization": f"Bearer {self._settings.api_key}"}
        request = self._client.build_request("POST", url, json=body, headers=headers)
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                response = await self._client.send(request, stream=True)
                if response.history:
                    self._shortcut.learn(str(response.url).removesuffix(path))
                if response.is_success and stream:
                    return response
                try:
                    await response.aread()
                finally:
                    await response.aclose()
        except TimeoutError:
            return _Setback(f"no answer within {self._settings.timeout_s:g} s")
        except httpx2.TransportError as error:
            self._shortcut.learn(None)
            return _Setback(describe(error))
        if response.is_success:
            return response
        if response.status_code == _FAULT and not self._faults_pass:
            raise BurnishError(_error_of(response)["message"])
        if response.status_code in _PASSING or response.status_code >= _FAULT:
            reason = f"HTTP {response.status_code}: {_error_of(response)['message']}"
            return _Setback(reason, retry_after(response), is_busy=response.status_code == _BUSY)
        raise self._refusal(response)

    def _refusal(self, response: httpx2.Response) -> InvalidRequest:
        error = _error_of(response)
        message = error["message"]
        if response.status_code in (401, 403, 404) or not response.is_client_error:
            # The key, the model's name there and the address are the operator's, not the client's.
            message = f"The endpoint of model '{self.name}' answered {response.status_code}: {message}"
        kind = NotThere if response.status_code == 404 else InvalidRequest
        param, code = (found if isinstance(found := error.get(key), str) else None for key in ("param", "code"))
        return kind(message, param=param, code=code)  # vLLM's code is the status, a number


def describe(error: Exception) -> str:
    """An exception in words: some of httpx's have no message."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def client_of(settings: Remote, *, most: int | None) -> httpx2.AsyncClient:
    """A client for an endpoint, of at most so many connections."""
    return httpx2.AsyncClient(
        timeout=settings.timeout_s,
        limits=httpx2.Limits(max_connections=most),
        # A proxy from the environment is meant for the outside, never for a process on this machine.
        trust_env=urlsplit(settings.base_url).hostname not in _LOOPBACK,
    )


def _error_of(response: httpx2.Response) -> dict[str, Json]:
    """OpenAI's error object; made up from the body's first characters where the endpoint sends none."""
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        error = None
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        return error
    return {"message": error if isinstance(error, str) else response.text[:200] or response.reason_phrase}


def retry_after(response: httpx2.Response) -> float | None:
    """Seconds the endpoint asks for, in either of its two headers; the date form of `retry-after` is not read."""
    for header, unit_s in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            return max(0.0, float(response.headers[header]) * unit_s)
        except (KeyError, ValueError):
            continue
    return None
