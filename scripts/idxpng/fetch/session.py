"""HTTP requests: what is retried, and how long a server may take."""

import http.client
import logging
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from urllib.parse import urlsplit

import requests
import urllib3
from requests import exceptions
from requests.utils import get_environ_proxies, select_proxy

import idxpng
from idxpng import log
from idxpng.fetch.patience import WORK, WORTH, Patience, TooSlowError, interrupted
from idxpng.fetch.transfer import UnavailableError, without_secrets
from idxpng.text import shortened

USER_AGENT = f"mnist-png-workflow/{idxpng.__version__} (python-requests)"
PASSING_STATUS = (429, 500, 502, 503, 504)
CONNECT_RETRIES = 2  # a silent server seldom recovers soon
LONGEST_WAIT = 120.0  # seconds, whatever Retry-After asks for
REDIRECTS = 10
# A body may take this long, plus the time that it takes at this rate.
DEADLINE = 600.0  # seconds
DEADLINE_RATE = 10_000  # bytes per second
logging.getLogger("urllib3").setLevel(logging.ERROR)  # its warnings show URLs with their query

# What `requests` raises for what servers send and users configure: its own errors (which are OSErrors), some of
# urllib3's, plain OSErrors (a CA bundle that is missing), and ValueErrors (an invalid address or redirect).
NETWORK_ERRORS = (OSError, ValueError, urllib3.exceptions.HTTPError, http.client.HTTPException)


class Session(requests.Session):
    """A session that requests bytes without encoding, retries passing failures, and never leaves HTTPS for HTTP.

    Args:
        patience: how long a server may take. Its Retry-After takes precedence over the backoff.
        size_limit: most bytes of a body, which set how long it may take.
    """

    def __init__(self, patience: Patience, size_limit: int = 0) -> None:
        super().__init__()
        # Without `identity` a server may compress a .gz again, or decompress it.
        self.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
        self.max_redirects = REDIRECTS
        self.failures = 0
        self._patience = patience
        self._deadline = time.monotonic() + DEADLINE + size_limit / DEADLINE_RATE
        self.left = 0  # bytes of the body that are still to come

    def ask(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        """The response to a GET, with its body not read yet; UnavailableError if there is none, or a passing status."""
        shown = without_secrets(url)
        while True:
            response = None
            try:
                with self.waiting_for_answer():
                    timeout = self._patience.connect, self._patience.silence
                    response = self.get(url, headers=headers, stream=True, timeout=timeout)
            except TooSlowError:
                pass  # raise later: the traceback from here would keep the connection open
            except NETWORK_ERRORS as error:
                request = getattr(error, "request", None)  # that to which the first one was redirected
                why = through_proxy(request.url if request else url) + reason(error, self._patience)
                no_answer = isinstance(error, (exceptions.ConnectionError, exceptions.Timeout))
                # Do not retry after a connect timeout or a failure of the proxy, or where an address is invalid.
                once = not no_answer or isinstance(error, (exceptions.ConnectTimeout, exceptions.ProxyError))
                if once or self.failures >= CONNECT_RETRIES or not self.again(shown, why):
                    raise UnavailableError(shown, why) from None
                continue
            if response is None:
                why = f"{through_proxy(url)}no connection or no answer within {self._patience.answer:g} s"
                raise UnavailableError(shown, why)
            if response.status_code not in PASSING_STATUS:
                return response
            response.close()
            if not self.again(shown, status(response), _retry_after(response)):
                raise UnavailableError(shown, status(response))

    def waiting_for_answer(self) -> AbstractContextManager[None]:
        """Interrupt a block that waits for a body to begin if that takes too long."""
        end = min(self._deadline, time.monotonic() + self._patience.answer)
        work = time.process_time() + WORK
        return interrupted(lambda now: now > end or time.process_time() > work)

    def reading_body(self, left: int) -> AbstractContextManager[None]:
        """Interrupt a block that reads a body of ``left`` bytes and counts `left` down if the server is too slow."""
        self.left = left
        start, left_then = time.monotonic(), left

        def too_slow(now: float) -> bool:
            nonlocal start, left_then
            elapsed, received = now - start, left_then - self.left
            if elapsed >= self._patience.period:
                if received < self._patience.rate * elapsed and self.left * elapsed >= received * WORTH:
                    return True
                start, left_then = now, self.left
            return now > self._deadline

        return interrupted(too_slow)

    def again(self, shown: str, why: str, wait: float = 0) -> bool:
        """Count a failure and wait for the next attempt; False if there is none."""
        self.failures += 1
        backoff = self._patience.backoff * 2 ** (self.failures - 2) if self.failures > 1 else 0
        pause = min(LONGEST_WAIT, wait or backoff)
        if self.failures > self._patience.retries or time.monotonic() + pause > self._deadline:
            return False
        log.warning("%s: trying again%s: %s", shown, f" in {pause:.0f} s" if pause >= 1 else "", why)
        time.sleep(pause)
        return True

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        if not resp.is_redirect:
            return None
        resp.close()
        shown = without_secrets(resp.url)
        try:
            target = super().get_redirect_target(resp) or ""
            parts = urlsplit(target)
            _ = parts.port  # requests reads this without catching a ValueError
        except ValueError:
            raise UnavailableError(shown, "redirects to an invalid address") from None
        if resp.url.startswith("https://") and parts.scheme == "http":
            raise UnavailableError(shown, "redirects to an unencrypted address", found=without_secrets(target))
        resp.raw = BytesIO()  # or requests would read the body to its end, even an endless one
        return target


def status(response: requests.Response) -> str:
    """The status of a response, in the server's words: ``404 Not Found``."""
    return shortened(f"{response.status_code} {response.reason}", 100)


def _retry_after(response: requests.Response) -> float:
    """Seconds that the server asks to wait; 0 without a valid Retry-After."""
    value = response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    date = http_date(value)
    return max(0.0, (date - datetime.now(UTC)).total_seconds()) if date else 0.0


def http_date(value: str) -> datetime | None:
    """The date in a header, in UTC; None if it is not valid."""
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def through_proxy(url: str) -> str:
    """The proxy of a URL without its password; empty without a proxy."""
    try:
        proxy = select_proxy(url, get_environ_proxies(url)) or ""
    except ValueError:  # an invalid address
        proxy = ""
    return f"through the proxy {shortened(proxy.rpartition('@')[2])}: " if proxy else ""


def reason(error: Exception, patience: Patience) -> str:
    """Why a request failed, without secrets of its URL."""
    if isinstance(error, exceptions.SSLError) and "CERTIFICATE" in str(error):
        return "its TLS certificate is not trusted; if your network has its own CA, set REQUESTS_CA_BUNDLE"
    if isinstance(error, exceptions.ConnectTimeout):
        return f"no connection within {patience.connect:g} s"
    if isinstance(error, exceptions.ReadTimeout) or "Read timed out" in str(error):
        return f"no answer within {patience.silence:g} s"
    if isinstance(error, exceptions.TooManyRedirects):
        return "too many redirects"
    if isinstance(error, exceptions.ConnectionError):
        cause = error.args[0] if error.args else error
        why = getattr(cause, "reason", cause)
        why = str(getattr(why, "original_error", why))  # that of a proxy
        why = why.rpartition("Connection(")[2].partition("): ")[2] or why  # without the name of urllib3's object
        return shortened(f"no connection: {why.removeprefix('Failed to establish a new connection: ')}")
    if isinstance(error, OSError) and not isinstance(error, exceptions.RequestException):
        return shortened(f"{error}; see REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE", 500)
    if "Missing dependencies for SOCKS support." in error.args:
        return "a SOCKS proxy needs the Python package PySocks"
    # The error's text would show secrets of the address.
    return "the address, the proxy's address, or one that it redirects to is invalid"
