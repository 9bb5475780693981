"""The kind of a file that is not an IDX file, by its first bytes, and what to do with it."""

import re

UNPACK = "unpack it first"
EXPORT = "write its arrays as IDX files first"
BINARY = "get the file again, in a way that leaves its bytes alone"

ENDIAN = "write its numbers big-endian, as numpy does with '>i4'"

# By their first bytes; those of IDX files are 00 00.
SIGNATURES = {
    "gzip: decompress it first": (b"\x1f\x8b",),
    "xz: decompress it first": (b"\xfd7zXZ\0",),
    "bzip2: decompress it first": (b"BZh",),
    "zstandard: decompress it first": (b"\x28\xb5\x2f\xfd",),
    "LZ4: decompress it first": (b"\x04\x22\x4d\x18",),
    "LZMA: decompress it first, as xz -d does": (b"]\0\0",),
    "Unix compress: decompress it first, as gzip -d does": (b"\x1f\x9d",),
    f"a RAR archive: {UNPACK}": (b"Rar!",),
    f"a zip archive: {UNPACK}": (b"PK",),
    f"a 7-Zip archive: {UNPACK}": (b"7z\xbc\xaf",),
    "a NumPy file": (b"\x93NUM",),
    f"an HDF5 file: {EXPORT}": (b"\x89HDF",),
    f"a MATLAB file: {EXPORT}": (b"MATLAB",),
    f"a Parquet file: {EXPORT}": (b"PAR1",),
    f"an SQLite database: {EXPORT}": (b"SQLite",),
    f"a Python pickle: {EXPORT}": (b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5"),
    "a PNG image": (b"\x89PNG",),
    "a JPEG image": (b"\xff\xd8\xff",),
    "a GIF image": (b"GIF8",),
    "a PDF document": (b"%PDF",),
    f"text in UTF-16, as the > of PowerShell writes: {BINARY}": (b"\xff\xfe",),
    f"an IDX header in little-endian order: {ENDIAN}": (b"\3\x08\0\0", b"\1\x08\0\0", b"\1\x0c\0\0"),
    f"an IDX file whose NUL bytes were lost: {BINARY}": (b"\x08\3", b"\x08\1"),
    "an IDX file as Base64 text: decode it first, as base64 -d does": (b"AAAI", b"AAAL", b"AAAM"),
    "a Git LFS pointer: git lfs pull brings the file itself": (b"version https://git-lfs",),
    "HTML or XML: download the file itself, with the link to the raw file": (b"<",),
    "JSON": (b"{",),
}
START = 512  # bytes that tell

_HEX = re.compile(rb"(?:0x|\\x)?[0-9a-f]{2,8}[:, ]*(?:(?:0x|\\x)?[0-9a-f]{2,8}[,\s]+){3}", re.IGNORECASE)
_LINK = re.compile(rb"[^\s\0]*(?:/|idx|ubyte)[^\s\0]*")


def file_kind(start: bytes) -> str | None:
    """The kind of a file with these first bytes, some `START` of them, and what to do; None if they do not tell."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()  # a byte order mark, empty lines
    for each in (start, text):
        for kind, signatures in SIGNATURES.items():
            if each.startswith(signatures):
                return kind
    if start[257:262] == b"ustar":
        return f"a tar archive: {UNPACK}"
    if b"\xef\xbf\xbd" in start:
        return f"a binary file that a program took for text, with EF BF BD for lost bytes: {BINARY}"
    if not text or any((byte < 0x20 and byte not in b"\t\n\r") or byte == 0x7F for byte in text):
        return None
    if _HEX.match(text):
        return "a hex dump: turn it into bytes first, as xxd -r does"
    if _LINK.fullmatch(text.rstrip()) and len(start) < START:
        return "a link that was saved as text: get the file that it names"
    return "text" if text.isascii() else None
