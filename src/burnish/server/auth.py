"""Who may come in, and for which project: bearer keys, once the first key has been made."""

import ipaddress
from dataclasses import dataclass

from starlette.datastructures import Headers

from burnish.core.errors import InvalidKey
from burnish.core.records import DEFAULT_PROJECT
from burnish.store.keys import Keys


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request."""

    project: str
    is_admin: bool


CALLER = "burnish.caller"
"""Where the door writes the `Caller` of a request: a key of its ASGI scope."""
EVERYBODY = Caller(DEFAULT_PROJECT, is_admin=True)
"""Whoever comes in while there is no key."""


@dataclass(frozen=True, slots=True)
class Auth:
    """Checks the bearer key of a request.

    Until a first key is made, a server bound to loopback lets everybody in, with any key or none; one that the
    network can reach lets nobody in.
    """

    keys: Keys
    is_loopback: bool

    def identify(self, headers: Headers) -> Caller:
        """Who sends a request with these headers. Raises `InvalidKey` unless it may come in."""
        if not self.keys.exist():
            self._check_open(headers)
            return EVERYBODY
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise InvalidKey(
                "You didn't provide an API key. Send it in an Authorization header using Bearer auth "
                "(Authorization: Bearer YOUR_KEY)."
            )
        key = self.keys.find(secret.strip())
        if key is None:
            raise InvalidKey(f"Incorrect API key provided: {_masked(secret.strip())}.")
        return Caller(key.project, key.is_admin)

    def _check_open(self, headers: Headers) -> None:
        if not self.is_loopback:
            raise InvalidKey(
                "This server is open to the network and has no API key yet. Make one: burnish keys create."
            )
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise InvalidKey("Web pages of other sites may not use this server without an API key.")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _masked(secret: str) -> str:
    return f"{secret[:3]}...{secret[-4:]}" if len(secret) > 11 else "***"
