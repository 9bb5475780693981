"""Getting one file over HTTP: retried, resumed where it stopped, and never larger than it may be."""

import json
import logging
import time
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

import idxpng
from idxpng.space import check_space
from idxpng.transfer import CHUNK, UnavailableError, check_size, copy, without_secrets

USER_AGENT = f"mnist-png-workflow/{idxpng.__version__} (python-requests)"
PASSING_STATUS = (429, 500, 502, 503, 504)
CONNECT_RETRIES = 2  # who does not answer is seldom back soon, and the next mirror waits
LONGEST_WAIT = 120  # seconds, whatever Retry-After asks for

logging.getLogger("urllib3").setLevel(logging.ERROR)  # its warnings show URLs with their query


class HttpFileError(UnavailableError):
    """A URL from which the file cannot be had now."""


class _Retry(urllib3.Retry):
    """Says before each further try why there is one; urllib3's own words would show the query of the URL."""

    def sleep(self, response: urllib3.BaseHTTPResponse | None = None) -> None:
        last = self.history[-1]
        why = last.status or type(last.error).__name__
        logging.warning("%s: %s, trying again", urlsplit(last.url or "").path, why)
        super().sleep(response)


class Session(requests.Session):
    """A session that asks for the bytes as they are, tries again what may pass, and stays encrypted."""

    def __init__(self, retries: int, backoff: float) -> None:
        super().__init__()
        # Without `identity` a server may compress a .gz once more, or decompress it on its way.
        self.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
        policy = _Retry(
            total=retries,
            connect=min(retries, CONNECT_RETRIES),
            backoff_factor=backoff,
            backoff_max=LONGEST_WAIT,
            status_forcelist=PASSING_STATUS,
            retry_after_max=LONGEST_WAIT,
            raise_on_status=False,
        )
        self.mount("http://", HTTPAdapter(max_retries=policy))
        self.mount("https://", HTTPAdapter(max_retries=policy))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        try:
            parts = urlsplit(target)
            _ = parts.port  # which requests reads unguarded
        except ValueError:
            raise HttpFileError(without_secrets(resp.url), "redirects to what is no address") from None
        if resp.url.startswith("https://") and parts.scheme == "http":
            raise HttpFileError(
                without_secrets(resp.url), "redirects to an unencrypted address", found=without_secrets(target)
            )
        return target


def fetch(
    url: str,
    partial: IO[bytes],
    state: Path,
    size_limit: int,
    *,
    timeout: tuple[float, float] = (10.0, 30.0),
    retries: int = 5,
    backoff: float = 0.5,
) -> None:
    """Bring the body of ``url`` into ``partial``.

    What ``partial`` already holds of the same URL is kept, and only the rest is asked for, provided
    that the server says by ETag or Last-Modified that the file has not changed since.

    Args:
        url: an http or https address. Proxy and CA variables of the environment are honoured.
        partial: a file open for reading and writing.
        state: a file beside it, to remember what the partial bytes belong to.
        size_limit: bytes that the body may have at most.
        timeout: seconds to wait for a connection, and for each next piece of data.
        retries: how many times to try again a refused connection, a passing error status, or a body that broke off.
        backoff: seconds before the second retry, doubled before each further one. Retry-After comes first.

    Raises:
        HttpFileError: when the file cannot be had, with the reason. What did arrive is worth keeping.
        TooLargeError: as soon as the body is larger than it may be.
        DiskRoomError: when the disk has no space for it.
    """
    shown = without_secrets(url)
    with Session(retries, backoff) as session:
        for attempt in range(retries + 1):
            if attempt:
                time.sleep(min(LONGEST_WAIT, backoff * 2 ** (attempt - 1)))
            try:
                _fetch_rest(session, url, shown, partial, state, size_limit, timeout)
                state.unlink(missing_ok=True)
                return
            except urllib3.exceptions.HTTPError as error:  # the body broke off
                what = "stalled" if isinstance(error, urllib3.exceptions.TimeoutError) else "broke off"
                logging.warning("%s: the transfer %s at byte %d", shown, what, partial.tell())
            except requests.RequestException as error:
                raise HttpFileError(shown, reason(error, timeout)) from None
    raise HttpFileError(shown, f"the transfer {what} {retries + 1} times", at=f"byte {partial.tell()}")


def _fetch_rest(
    session: requests.Session,
    url: str,
    shown: str,
    partial: IO[bytes],
    state: Path,
    size_limit: int,
    timeout: tuple[float, float],
) -> None:
    have = partial.seek(0, 2)
    headers = _range_headers(url, state, have)
    with session.get(url, headers=headers, stream=True, timeout=timeout) as response:
        if headers and response.status_code == requests.codes.requested_range_not_satisfiable:
            logging.info("%s: cannot be resumed at byte %d, starting again", shown, have)
            state.unlink(missing_ok=True)
            _fetch_rest(session, url, shown, partial, state, size_limit, timeout)
            return
        if response.status_code not in (200, 206):
            raise HttpFileError(shown, f"{response.status_code} {response.reason}")
        resumed = response.status_code == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if response.status_code == 206 and not resumed:
            raise HttpFileError(shown, "sent another part of the file than was asked for")
        if not resumed:
            have = 0
            partial.seek(0)
            partial.truncate()
        _remember(url, response, state)
        length = response.headers.get("Content-Length", "")
        expected = have + int(length) if length.isdecimal() else None
        if expected:
            check_size(shown, expected, size_limit)
            check_space(shown, expected - have, Path(partial.name).parent)
        logging.info("%s: %s", shown, f"resuming at byte {have}" if resumed else "downloading")
        # `raw`, since a download must be the bytes as published, also when the server calls them an encoding.
        copy(response.raw.stream(CHUNK, decode_content=False), shown, partial, have, expected, size_limit)


def _range_headers(url: str, state: Path, have: int) -> dict[str, str]:
    try:
        remembered = json.loads(state.read_text())
        if have and remembered["url"] == without_secrets(url):
            return {"Range": f"bytes={have}-", "If-Range": remembered["validator"]}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return {}


def _remember(url: str, response: requests.Response, state: Path) -> None:
    etag = response.headers.get("ETag", "")
    validator = etag if etag.startswith('"') else response.headers.get("Last-Modified")  # weak ETags guard no range
    if validator:
        state.write_text(json.dumps({"url": without_secrets(url), "validator": validator}))
    else:
        state.unlink(missing_ok=True)


def reason(error: requests.RequestException, timeout: tuple[float, float]) -> str:
    """Why a request failed, in words that show no secret of its URL."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its TLS certificate is not trusted; see REQUESTS_CA_BUNDLE if your network has a CA of its own"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refuses; see HTTPS_PROXY and NO_PROXY"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"no connection within {timeout[0]:g} s"
    if isinstance(error, requests.exceptions.ReadTimeout) or "Read timed out" in str(error):
        return f"no answer within {timeout[1]:g} s"
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return "redirects without end"
    if isinstance(error, requests.exceptions.ConnectionError):
        cause = error.args[0] if error.args else error
        return f"no connection: {getattr(cause, 'reason', cause)}".replace("\n", " ")
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return "it is, or redirects to, an address that cannot be used"  # whose text would show it, secrets and all
    return " ".join(str(error).split())
