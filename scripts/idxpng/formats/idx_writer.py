"""Writing IDX files, compressed, so that the same items make the same bytes."""

import hashlib
from typing import IO, Any

from zlib_ng import zlib_ng

from idxpng.formats.compressed import GZIP
from idxpng.formats.idx import IdxHeader

LEVEL = 6  # on MNIST, 2 % more bytes than 9, in a tenth of the time


class IdxWriter:
    """Writes the items of an IDX file that has this ``header`` one after the other, gzip-compressed."""

    def __init__(self, file: IO[bytes], header: IdxHeader) -> None:
        self._file = file
        self._gzip = zlib_ng.compressobj(LEVEL, zlib_ng.DEFLATED, GZIP)
        self._content, self._published = hashlib.sha256(), hashlib.sha256()
        self._bytes = 0
        self.write(header.to_bytes())

    def write(self, items: bytes) -> None:
        """Add the bytes of some items."""
        self._content.update(items)
        self._put(self._gzip.compress(items))

    def finish(self) -> dict[str, Any]:
        """End the file, and return its entry in a dataset file, without its name."""
        self._put(self._gzip.flush())
        return {
            "bytes": self._bytes,
            "sha256": self._published.hexdigest(),
            "content_sha256": self._content.hexdigest(),
            "verified": "bytes",
        }

    def _put(self, data: bytes) -> None:
        self._published.update(data)
        self._bytes += len(data)
        self._file.write(data)
