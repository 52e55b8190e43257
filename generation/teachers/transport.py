"""Requests to a server over HTTP: time-outs, another try where one may help, and a cap on what is read.

Each send says what became of it, so that nothing that may have cost something is forgotten.
"""

import os
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from failwise.errors import InputError, MissingExtraError, TeacherError
from failwise.generation.config import RationalesConfig

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, HTTPConnectionPool, PoolManager

KEY = "OPENAI_API_KEY"
HOSTED = "https://api.openai.com/v1"
MOST_BYTES = 1 << 20  # of one reply; a rationale has a few thousand
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before the second try; twice as long before each further one
LONGEST_WAIT = 120.0  # seconds, where the server names them itself

# Why a request brought nothing that could be read. The server may do better with the next one.
FAULTS = {
    "timeout": "the server did not answer in time",
    "connection-lost": "the connection broke before the whole reply was there",
    "busy": "the server was too busy for it, try after try",
    "server-error": "the server failed, try after try",
    "bad-request": "the server refused this very request",
    "too-large": f"the reply is larger than {MOST_BYTES:,} bytes",
}
# Faults of the server or the way to it (of a batch, that it never came to this request): they say nothing of the
# question.
UNREACHED = ("timeout", "connection-lost", "busy", "server-error", "batch-error")

_UNUSABLE = {
    401: "it refuses the key",
    402: "it asks for payment",
    403: "it denies access",
    404: "it knows no such address or model",
}
_SPENT = ("insufficient_quota", "billing_hard_limit_reached")


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one request: its reply, or a fault (one of `FAULTS`) with a word on it.

    `refused` counts the tries that the server turned away (429, 5xx), `lost` those that broke or ran out of time
    after they were sent, so that the server may have worked on them.
    """

    body: bytes = b""
    fault: str = ""
    detail: str = ""
    refused: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what a user sets for it, in the words of an error; `key` names the variable that holds its key."""

    name: str = "the teacher"
    settings: str = "rationales.base_url, rationales.model"
    key: str = KEY


TEACHER = Caller()


class Transport:
    """Posts JSON to one server. The key comes from the environment and is taken out of all that comes back."""

    def __init__(self, config: RationalesConfig, caller: Caller = TEACHER) -> None:
        """Have a key ready where the environment holds one.

        Raises:
            InputError: the address is none, or holds a user name.
            TeacherError: there is no key, and the server is a hosted one.
        """
        self.address = (config.base_url or os.environ.get("OPENAI_BASE_URL") or HOSTED).rstrip("/")
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(
                f"the address of {caller.name} is {self.address!r}; it begins with http:// or https:// and names a "
                "server, such as http://127.0.0.1:8000/v1"
            )
        if parts.username is not None:
            raise InputError(
                f"the address of {caller.name} must hold no user name or password; give the key in {caller.key}"
            )
        self._key = key = os.environ.get(caller.key, "").strip()
        self._config, self._caller = config, caller
        if not key and self.address == HOSTED:  # a server of one's own asks for none
            raise self.unusable(f"{caller.key} is not in the environment")
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._pool, self._prefix = _pool(self.address, config)
        self._closed = threading.Event()
        self._quiet_until = 0.0  # the server named a moment: no request goes out before it

    def post(self, path: str, body: bytes) -> Sent:
        """Send until there is a reply that another try would not better.

        Raises:
            TeacherError: the server cannot be used at all: no connection, no permission, no such model, no money.
        """
        sent = Sent()
        for turn in range(self._config.retries + 1):
            if turn and self._closed.wait(_pause(turn)):
                break
            if (quiet := self._quiet_until - time.monotonic()) > 0:
                self._closed.wait(quiet)
            sent = self._try(path, body, sent)
            if sent.fault not in (*UNREACHED, "no-connection") or sent.fault == "timeout":
                return sent
        if sent.fault == "no-connection":
            raise self.unusable(sent.detail)
        return sent

    def close(self) -> None:
        """Try nothing again from now on; what was sent is still waited for."""
        self._closed.set()

    def clean(self, text: str) -> str:
        """Return a server's text as a file can hold it, without the key."""
        text = text.encode("utf-8", "replace").decode()
        return text.replace(self._key, "***") if self._key else text

    def unusable(self, why: str) -> TeacherError:
        """Return the error that ends a job."""
        caller = self._caller
        return TeacherError(
            f"{caller.name} at {self.address} cannot be used for model {self._config.model!r}: {self.clean(why)}; "
            f"check {caller.settings} and {caller.key}, then run the same command again: what is done is kept"
        )

    def _try(self, path: str, body: bytes, before: Sent) -> Sent:
        from urllib3 import exceptions

        try:
            status, headers, data, fault = self._exchange(path, body)
        except exceptions.SSLError as error:
            raise self.unusable(f"no safe connection: {error}") from error
        except (exceptions.ConnectTimeoutError, exceptions.NewConnectionError, exceptions.ProxyError) as error:
            return replace(before, fault="no-connection", detail=f"no connection: {_reason(error)}")
        except (exceptions.TimeoutError, TimeoutError) as error:
            return replace(before, fault="timeout", detail=_reason(error), lost=before.lost + 1)
        except (exceptions.HTTPError, OSError) as error:
            return replace(before, fault="connection-lost", detail=_reason(error), lost=before.lost + 1)
        if status == 200:
            return replace(before, body=data, fault=fault, detail="")
        return self._turned_away(status, headers, self.clean(data.decode("utf-8", "replace")), before)

    def _exchange(self, path: str, body: bytes) -> "tuple[int, Mapping[str, str], bytes, str]":
        response = self._pool.urlopen(
            "POST",
            f"{self._prefix}/{path}",
            body=body,
            headers=self._headers,
            preload_content=False,
            decode_content=False,
            redirect=False,  # the key goes to nobody else
            retries=False,
        )
        try:
            data, whole = self._read(response)
        except BaseException:
            response.close()
            raise
        if not whole:
            response.close()
            return response.status, response.headers, b"", "too-large"
        response.release_conn()
        return response.status, response.headers, data, ""

    def _read(self, response: "BaseHTTPResponse") -> tuple[bytes, bool]:
        """Read up to the cap, within the time for one answer; a server that trickles does not get longer."""
        deadline, data = time.monotonic() + self._config.timeout, b""
        while part := response.read1(1 << 16):
            data += part
            if len(data) > MOST_BYTES:
                return b"", False
            if time.monotonic() > deadline:
                raise TimeoutError("it sends too slowly")
        return data, True

    def _turned_away(self, status: int, headers: Mapping[str, str], text: str, before: Sent) -> Sent:
        detail = f"HTTP {status}: {' '.join(text[:300].split())}".removesuffix(": ")
        if status < 400:  # moved, or something else than a server of models
            raise self.unusable(f"it answers with {detail}")
        if status in _UNUSABLE:
            raise self.unusable(f"{_UNUSABLE[status]} ({detail})")
        if status == 429 and any(word in text for word in _SPENT):
            raise self.unusable(f"the account is used up ({detail})")
        if status not in (408, 409, 425, 429) and status < 500:
            return replace(before, fault="bad-request", detail=detail)
        wait = _retry_after(headers.get("Retry-After", ""))
        if wait:
            self._quiet_until = max(self._quiet_until, time.monotonic() + wait)
        fault = "busy" if status == 429 else "server-error"
        return replace(before, fault=fault, detail=detail, refused=before.refused + 1)


def _pool(address: str, config: RationalesConfig) -> "tuple[HTTPConnectionPool | PoolManager, str]":
    """Return what sends, and what it wants before a path: the server's own pool, or a proxy and the whole address."""
    try:
        import urllib3
    except ImportError as error:
        raise MissingExtraError("the openai teacher", "urllib3", "teacher") from error
    timeout = urllib3.Timeout(connect=config.connect_timeout, read=config.timeout)
    settings: dict[str, Any] = {"maxsize": config.concurrency, "timeout": timeout, "retries": False}
    parts = urlsplit(address)
    proxy = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
    if proxy:
        return urllib3.ProxyManager(proxy, **settings), address
    return urllib3.PoolManager(**settings).connection_from_url(address), parts.path


def _pause(turn: int) -> float:
    """Return how long to wait before a further try: twice as long each time, and never all at the same moment."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (turn - 1)) * random.uniform(0.5, 1.0)


def _retry_after(value: str) -> float:
    """Return the seconds that a Retry-After header names, as a number or as a date; 0 where it names none."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, TypeError):
            return 0.0
    return min(LONGEST_WAIT, seconds) if seconds > 0 else 0.0  # NaN is not above 0


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
