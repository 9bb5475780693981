"""Which servers did not answer a moment ago, so that not every download of a run waits for them."""

import hashlib
import os
import re
import time
from contextlib import suppress
from pathlib import Path

from idxpng.fetch.transfer import without_secrets

VALID = 600.0  # seconds for which a server counts as unreachable
PREFIX = ".unreachable-"


class Unreachable:
    """The servers that other processes, or this one, found unreachable in the last minutes.

    Each is a hidden empty file in ``folder``. It says only who is asked last, so that it does not matter who made it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for path in folder.glob(f"{PREFIX}*"):
            if not self._is_valid(path):
                with suppress(OSError):
                    path.unlink()

    def __contains__(self, url: str) -> bool:
        return self._is_valid(self._path(url))

    def add(self, url: str) -> None:
        with suppress(OSError):  # it costs time alone
            os.close(os.open(self._path(url), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))

    def discard(self, url: str) -> None:
        with suppress(OSError):
            self._path(url).unlink()

    def _path(self, url: str) -> Path:
        server = without_secrets(url).partition("://")[2].partition("/")[0]
        name = re.sub(r"[^A-Za-z0-9.-]", "_", server)[:100]
        return self._folder / f"{PREFIX}{name}-{hashlib.sha256(server.encode()).hexdigest()[:8]}"

    @staticmethod
    def _is_valid(path: Path) -> bool:
        try:
            return abs(time.time() - path.lstat().st_mtime) < VALID
        except OSError:
            return False
