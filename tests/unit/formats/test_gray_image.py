"""Images of one's own are read as 8-bit gray where no pixel changes, and named by what they are where one would."""

import base64
import errno
import os
import re
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

from idxpng.formats import gray_image
from idxpng.formats.gray_image import FORMATS, GrayImage, read
from idxpng.formats.png import PngEncoder
from project import PROJECT
from systems import failing

# Pillow raises TypeError for this TIFF file.
DAMAGED_TIFF = (
    "SUkqAEYAAAD/2P/AAAsIAAQABgEBEQD/2gAIAQEAAD8A5hvFerQTjVLS4a2vrpA1xMjs3m5VeqsSoA2cAAYyQMDAH//ZAAoAAAED"
    "AAEAAAAGAAAAAQEDAAEAAAAEAAAAAgEDAAEAAAAIAAAAAwEDAAEAAAAHAAAABgEDAAEAAAABAAAAEQEEAAEAAAAIAAAAFgEDAAEA"
    "AAAEAAAAFwEEAAEAAAA9AAAAHAEAAAABAAAAWwEHACEBAADEAAAAAAAAAP/Y/9sAQwAIBgYHBgUIBwcHCQkICgwUDQwLCwwZEhMP"
    "FB0a1B4dGhwcICQuJyAiLCMcHCg3KSwwMTQ0NDM0Mv/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHAAkKC//EALUQAAIBAwMC"
    "BAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElK"
    "U1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY"
    "2drh4uPk5ebn6Onq8fLz9PX29/j5+v/Z"
)


def test_an_image_for_which_pillow_raises_an_error_of_any_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0.tiff").write_bytes(base64.b64decode(DAMAGED_TIFF))
    assert read(tmp_path / "0.tiff") in ("damaged", "not an image")


def test_an_image_that_may_not_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    Image.new("L", (1, 1)).save(tmp_path / "0.png")
    (tmp_path / "0.png").chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # of nobody
    try:
        with pytest.raises(PermissionError, match=r"0\.png"):
            read(tmp_path / "0.png")
    finally:
        os.seteuid(user)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "0.png")
    assert read(tmp_path / "0.png") == "not an image"


def test_what_the_file_system_refuses_is_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loop.gif").symlink_to("loop.gif")
    with pytest.raises(OSError, match="symbolic links"):
        read(tmp_path / "loop.gif")
    Image.new("L", (4, 4)).save(tmp_path / "0.bmp")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", failing(errno.EIO))  # which no file system here gives
    with pytest.raises(OSError, match="Input/output error") as raised:
        read(tmp_path / "0.bmp")
    assert raised.value.filename == tmp_path / "0.bmp"


GRAY = numpy.random.default_rng(0).integers(0, 256, (4, 6), numpy.uint8)
OPAQUE = numpy.full_like(GRAY, 255)
ORIENTATION = 0x0112


def found(path: Path, image: Image.Image | numpy.ndarray, **options: Any) -> GrayImage | str:
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
    return read(path)


@pytest.mark.parametrize(
    "image",
    [
        numpy.dstack([GRAY, OPAQUE]),
        numpy.dstack([GRAY, GRAY, GRAY]),
        numpy.dstack([GRAY, GRAY, GRAY, OPAQUE]),
        Image.fromarray(numpy.dstack([GRAY] * 3)).quantize(256),
    ],
    ids=["gray with opaque alpha", "gray stored as RGB", "gray stored as opaque RGBA", "palette"],
)
def test_gray_pixels_are_taken_however_they_are_stored(tmp_path: Path, image: numpy.ndarray | Image.Image) -> None:
    assert found(tmp_path / "0.png", image) == GrayImage((4, 6), GRAY.tobytes())


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "JPEG"])
def test_a_gray_image_of_each_format_is_read_as_the_docs_say(tmp_path: Path, name: str) -> None:
    options = {"lossless": True} if name == "WEBP" else {}
    assert found(tmp_path / "0", GRAY, format=name, **options) == GrayImage((4, 6), GRAY.tobytes())
    (documented,) = re.findall(r"\*\*Images\*\* are (.*), in 8-bit gray", (PROJECT / "docs/forms.md").read_text())
    assert name.replace("PPM", "PGM") in documented.upper()


def test_a_file_with_several_pictures_is_named_as_such(tmp_path: Path) -> None:
    moving = Image.fromarray(255 - GRAY)
    for suffix in ("gif", "webp", "tiff"):
        kind = found(tmp_path / f"0.{suffix}", GRAY, save_all=True, append_images=[moving])
        assert kind == "with several pictures in one file"


def test_an_image_as_exports_write_it_is_read_without_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "0.png").write_bytes(PngEncoder(4, 6).encode(GRAY.tobytes()))
    (tmp_path / "link.png").symlink_to("0.png")
    assert read(tmp_path / "link.png") == GrayImage((4, 6), GRAY.tobytes()), "by Pillow"
    monkeypatch.setattr(gray_image, "opened", None)
    assert read(tmp_path / "0.png") == GrayImage((4, 6), GRAY.tobytes())


@pytest.mark.parametrize(("suffix", "options"), [("jpg", {"quality": 100}), ("png", {}), ("tiff", {})])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_turned_as_its_orientation_says(
    tmp_path: Path, orientation: int, suffix: str, options: dict[str, Any]
) -> None:
    turned = [
        GRAY, GRAY[:, ::-1], GRAY[::-1, ::-1], GRAY[::-1], GRAY.T, GRAY[::-1].T, GRAY[::-1, ::-1].T, GRAY[:, ::-1].T
    ][orientation - 1]  # fmt: skip
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    gray = found(tmp_path / f"0.{suffix}", GRAY, exif=exif, **options)
    assert isinstance(gray, GrayImage)
    assert gray.size == turned.shape
    pixels = numpy.frombuffer(gray.pixels, numpy.uint8).reshape(gray.size)
    assert numpy.abs(pixels.astype(int) - turned).max() <= (2 if suffix == "jpg" else 0)


def test_damaged_orientation_data_is_ignored_as_by_viewers(tmp_path: Path) -> None:
    assert isinstance(found(tmp_path / "0.jpg", GRAY, exif=b"Exif\0\0II*\0\xff\xff\xff\xff"), GrayImage)


@pytest.mark.parametrize(
    ("image", "suffix", "kind"),
    [
        (numpy.dstack([GRAY, GRAY]), "png", "with transparency"),
        (numpy.dstack([GRAY, GRAY, GRAY, GRAY]), "png", "with transparency"),
        (numpy.dstack([GRAY, GRAY, 255 - GRAY]), "png", "in color"),
        (GRAY.astype(numpy.uint16), "png", "not of 8 bits a pixel"),
        (numpy.dstack([GRAY, GRAY, 255 - GRAY]), "webp", "in color"),
    ],
)
def test_an_image_that_would_change_is_named_by_what_it_is(
    tmp_path: Path, image: numpy.ndarray, suffix: str, kind: str
) -> None:
    assert found(tmp_path / f"0.{suffix}", image) == kind


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"P5 2 1 15\n\x10\x05", "not of 8 bits a pixel"),
        (b"P6 1 1 15\n\x10\x10\x10", "not of 8 bits a pixel"),
        (b"P5 1 1 300\n\x01\x2d", "not of 8 bits a pixel"),
        (b"P5 2 1 255\n\1\2P5 2 1 255\n\3\4", "with several pictures in one file"),
        (b"P4 9 1\n\1\2\nP4 9 1\n\3\4", "with several pictures in one file"),
        (b"P6 1 1 65535\n" + b"\1\2" * 3, "not of 8 bits a pixel"),
        (b"P4 9 1\n\1\0", GrayImage((1, 9), b"\xff" * 7 + b"\0\xff")),
        (b"P2 2 1 15\n15 5\n", "not of 8 bits a pixel"),
        (b"P3 1 1 65535\n258 258 258\n", "not of 8 bits a pixel"),
        (b"P2 2 1 255\n255 5\n", GrayImage((1, 2), b"\xff\5")),
        (b"P1 2 1\n1 0\n", GrayImage((1, 2), b"\0\xff")),
    ],
)
def test_nothing_in_a_pgm_file_is_cut_off_or_scaled(tmp_path: Path, data: bytes, kind: GrayImage | str) -> None:
    (tmp_path / "0.pgm").write_bytes(data)
    assert read(tmp_path / "0.pgm") == kind
