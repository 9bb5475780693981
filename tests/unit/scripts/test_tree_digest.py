"""Each directory of PNG files has one digest, which no different directory has."""

import hashlib
import os
import struct
import sys
from pathlib import Path

import numpy
import pytest
from PIL import Image

import tree_digest
from builders import put
from mutated_png import assemble, png
from project import run_script
from refusals import refusal as refused
from systems import needs_names_of_any_bytes

FIRST = numpy.arange(24, dtype=numpy.uint8).reshape(6, 4)
SECOND = 255 - FIRST


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    for name, pixels in {"train/3/1.png": FIRST, "train/10/0.png": SECOND}.items():
        put(folder / name, png(pixels))
    return folder


def digest(tree: Path) -> str:
    return tree_digest.main(str(tree))


def refusal(tree: Path) -> str:
    message = refused(digest, tree)
    assert all(line.isprintable() for line in message.splitlines())
    return message


def test_the_digest_is_the_digest_of_one_line_per_file(tree: Path) -> None:
    lines = [
        f"{hashlib.sha256(b'L 4 6 ' + pixels.tobytes()).hexdigest()}  {path}\n"
        for path, pixels in (("train/10/0.png", SECOND), ("train/3/1.png", FIRST))
    ]
    assert digest(tree) == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_the_encoder_and_other_files_do_not_change_the_digest(tree: Path) -> None:
    before = digest(tree)
    Image.fromarray(FIRST).save(tree / "train/3/1.png", optimize=True, dpi=(72, 72))
    (tree / "train/3/notes.txt").touch()
    assert digest(tree) == before


def test_the_number_of_files_is_not_printed_as_a_result_where_standard_error_is_closed(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    digest(tree)
    assert capsys.readouterr().out == ""


def test_black_and_white_has_one_digest_with_1_bit_and_with_8_bits(tree: Path) -> None:
    drawn = Image.fromarray((FIRST > 99).astype("uint8") * 255)
    digests = set()
    for mode in ("L", "1"):
        drawn.convert(mode).save(tree / "train/3/1.png")
        digests.add(digest(tree))
    assert len(digests) == 1


def test_pixels_size_and_path_change_the_digest(tree: Path) -> None:
    digests = {digest(tree)}
    (tree / "train/3/1.png").write_bytes(png(SECOND))
    digests.add(digest(tree))
    (tree / "train/3/1.png").write_bytes(png(FIRST.reshape(4, 6)))
    digests.add(digest(tree))
    (tree / "train/3/1.png").rename(tree / "train/3/2.png")
    digests.add(digest(tree))
    assert len(digests) == 4


@pytest.mark.parametrize(
    "name",
    ["a\n.png", "a\r.png", "\x1b[2J.png", pytest.param(os.fsdecode(b"\xff.png"), marks=needs_names_of_any_bytes)],
)
def test_a_path_that_could_pass_for_a_second_line_is_refused(tree: Path, name: str) -> None:
    (tree / name).write_bytes(png(FIRST))
    assert "the path has control characters or is not valid text" in refusal(tree)


def test_a_path_that_imitates_two_files_is_refused(tree: Path) -> None:
    line = f"{hashlib.sha256(b'L 4 6 ' + SECOND.tobytes()).hexdigest()}  train"
    one = tree.parent / "one"
    put(one / f"train/10/0.png\n{line}/3/1.png", png(SECOND))
    assert "the path has control characters" in refusal(one)


def test_an_image_with_a_palette_is_refused(tree: Path) -> None:
    Image.fromarray(FIRST).convert("P").save(tree / "palette.png")
    assert f"{tree}/palette.png: palette images have no digest" in refusal(tree)


@pytest.mark.parametrize("name", ["a.PNG", "A.Png", ".hidden.png"])
def test_every_name_that_a_loader_takes_for_a_png_file_is_digested(tree: Path, name: str) -> None:
    before = digest(tree)
    (tree / "train/3" / name).write_bytes(png(FIRST))
    assert digest(tree) != before


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.ppm", "a.bmp", "a.pgm", "a.tif", "a.TIFF", ".webp", "é.webp"])
def test_an_image_of_a_different_format_is_refused(tree: Path, name: str) -> None:
    (tree / "train/3" / name).touch()
    assert f"{tree}/train/3/{name}: not a PNG file, but a loader would load it" in refusal(tree)


def test_a_linked_folder_or_file_is_refused(tree: Path) -> None:
    (tree / "train/4").symlink_to(tree / "train/3")
    assert f"{tree}/train/4: a link to a folder" in refusal(tree)
    (tree / "train/4").unlink()
    (tree / "train/3/2.PNG").symlink_to("1.png")
    assert f"{tree}/train/3/2.PNG: a symbolic link" in refusal(tree)
    linked = tree.with_name("linked")
    linked.symlink_to(tree)
    (tree / "train/3/2.PNG").unlink()
    assert digest(linked) == digest(tree)


def test_a_tree_without_png_files_is_refused(tree: Path) -> None:
    for path in tree.rglob("*.png"):
        path.unlink()
    assert "no PNG files found" in refusal(tree)


def test_files_that_cannot_be_read_are_refused_without_waiting(tree: Path) -> None:
    harm = tree / "harm.png"
    os.mkfifo(harm)
    assert f"{harm}: not a file" in refusal(tree)
    harm.unlink()
    harm.symlink_to("/dev/zero")
    assert f"{harm}: a symbolic link" in refusal(tree)
    harm.unlink()
    harm.write_bytes(png(FIRST)[:-1])
    assert f"{harm}: truncated inside a chunk" in refusal(tree)
    os.truncate(harm, 2**40)
    assert f"{harm}: 1,099,511,627,776 bytes, too large" in refusal(tree)
    large = b"IHDR", struct.pack(">2I5B", 2**30, 2**30, 8, 0, 0, 0, 0)
    harm.write_bytes(assemble([large, (b"IDAT", bytes(12_000)), (b"IEND", b"")]))
    assert "1073741824 × 1073741824 pixels, and an image in a tree has at most 268,435,456" in refusal(tree)
    many = b"IHDR", struct.pack(">2I5B", 16384, 131072, 8, 0, 0, 0, 0)
    harm.write_bytes(assemble([many, (b"IDAT", bytes(2_100_000)), (b"IEND", b"")]))
    assert "131072 rows × 16384 columns, and an image in a tree has at most 268,435,456" in refusal(tree)


def test_the_command_prints_the_digest_and_reports_the_number_of_files(tree: Path) -> None:
    process = run_script("tree_digest", tree)
    assert (process.returncode, process.stdout) == (0, f"{digest(tree)}\n")
    assert process.stderr == "2 PNG files\n"


@pytest.mark.parametrize("directory", ["nowhere", "tree/train/3/1.png", "empty"])
def test_the_command_fails_without_files_to_digest(tree: Path, directory: str) -> None:
    (tree.parent / "empty").mkdir()
    process = run_script("tree_digest", tree.parent / directory)
    assert (process.returncode, process.stdout) == (1, "")
    assert str(tree.parent / directory) in process.stderr
    assert "Traceback" not in process.stderr
