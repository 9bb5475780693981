import gzip
import io
import runpy
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import numpy
import pytest

import show
from builders import COMPRESS, idx_bytes
from project import PROJECT, run_script
from refusals import refusal as refused
from systems import needs_full_device

SCRIPT = PROJECT / "scripts/show.py"
IMAGES = numpy.array([[[0, 5, 255], [10, 0, 1]], [[7, 8, 9], [1, 2, 3]]], "uint8")
LABELS = numpy.array([5, 0, 4, 1, 9], "uint8")
LARGEST = 2**32 - 1


def run(*arguments: str | Path) -> tuple[object, str]:
    """Run the script in this process; return its exit value (None or an error message) and its output."""
    printed = io.StringIO()
    with redirect_stdout(printed), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(SCRIPT), *map(str, arguments)])
        try:
            runpy.run_path(str(SCRIPT), run_name="__main__")
        except SystemExit as end:
            return end.code, printed.getvalue()
    return None, printed.getvalue()


def shown(*arguments: str | Path) -> str:
    end, printed = run(*arguments)
    assert end is None
    return printed


def refusal(*arguments: str | Path) -> str:
    message, printed = run(*arguments)
    assert isinstance(message, str)
    assert printed == ""
    return message + "\n"


@pytest.fixture(params=COMPRESS)
def files(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A folder with the files `images` and `labels`, compressed or not."""
    compress = COMPRESS[request.param]
    (tmp_path / "images").write_bytes(compress(idx_bytes(IMAGES)))
    (tmp_path / "labels").write_bytes(compress(idx_bytes(LABELS)))
    return tmp_path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def header(images: int, rows: int, columns: int) -> str:
    return (
        "magic number:      2051  (0x00000803, uint8)\n"
        f"number of images:  {images}\n"
        f"number of rows:    {rows}\n"
        f"number of columns: {columns}\n"
    )


def test_the_header_of_images_is_shown_as_magic_number_and_dimensions(files: Path) -> None:
    assert shown(files / "images") == header(2, 2, 3)


def test_the_header_of_labels_is_shown_as_magic_number_and_count(files: Path) -> None:
    assert shown(files / "labels") == "magic number:      2049  (0x00000801, uint8)\nnumber of labels:  5\n"


@pytest.mark.parametrize(
    ("count", "line"), [("1", "5\n"), ("3", "5 0 4\n"), ("5", "5 0 4 1 9\n"), ("99", "5 0 4 1 9\n")]
)
def test_the_first_labels_are_shown_in_one_line(files: Path, count: str, line: str) -> None:
    assert shown(files / "labels", "--count", count) == line
    assert shown(files / "labels", "--index", "4") == "9\n"


def test_an_image_is_shown_as_a_matrix(files: Path) -> None:
    assert shown(files / "images", "--index", "0") == "  0   5 255\n 10   0   1\n"
    assert shown(files / "images", "--index", "1") == "7 8 9\n1 2 3\n"


def test_the_first_images_are_shown_as_matrices(files: Path) -> None:
    assert shown(files / "images", "--count", "2") == "  0   5 255\n 10   0   1\n\n7 8 9\n1 2 3\n"


@pytest.mark.parametrize(
    ("rows", "lines"),
    [([[0, 200, 0, 200], [0, 0, 200, 200]], [" ▀▄█"]), ([[128, 127], [0, 255], [255, 0]], ["▀▄", "▀ "])],
    ids=["even", "odd"],
)
def test_an_image_is_drawn_two_rows_to_a_line(path: Path, rows: list[list[int]], lines: list[str]) -> None:
    path.write_bytes(idx_bytes(numpy.array([rows], "uint8")))
    assert shown(path, "--index", "0", "--draw").splitlines() == lines
    assert shown(path, "--draw").splitlines() == lines, "the default is the first image"


def test_several_images_are_drawn_one_below_the_other(files: Path) -> None:
    assert shown(files / "images", "--count", "2", "--draw") == "  ▀\n\n   \n"


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    path = tmp_path / "arrays.npz"
    numpy.savez(path, x_train=IMAGES, y_train=LABELS)
    return path


def test_an_array_is_shown_as_the_idx_file_of_its_values(tmp_path: Path, files: Path, arrays: Path) -> None:
    numpy.save(tmp_path / "x.npy", IMAGES)
    shown = show.main(str(files / "images"))
    assert show.main(str(tmp_path / "x.npy")) == show.main(str(arrays), member="x_train.npy") == shown
    assert show.main(str(arrays), member="y_train.npy", count=5) == "5 0 4 1 9"


def test_the_only_array_of_an_archive_needs_no_name(tmp_path: Path) -> None:
    numpy.savez(tmp_path / "labels.npz", LABELS)
    assert show.main(str(tmp_path / "labels.npz"), index=2) == "4"


@pytest.mark.parametrize("member", [None, "x_test.npy"])
def test_an_archive_of_several_arrays_is_answered_with_their_names(arrays: Path, member: str | None) -> None:
    message = refused(show.main, str(arrays), member=member)
    assert "which array is not clear\n  expected: --member with one of its names\n" in message
    assert "found:    x_train.npy, y_train.npy" in message


def test_a_member_of_a_file_that_is_not_an_archive_is_refused(files: Path) -> None:
    assert "not an archive of arrays" in refused(show.main, str(files / "labels"), member="x.npy")


def test_labels_cannot_be_drawn(files: Path) -> None:
    assert "labels: cannot be drawn\n" in refusal(files / "labels", "--index", "0", "--draw")


def test_two_dimensions_are_shown_by_number(path: Path) -> None:
    path.write_bytes(idx_bytes(numpy.array([[3, -40], [5, 6]], "int32")))
    shown = "magic number:      3074  (0x00000c02, int32)\ndimension 1:       2\ndimension 2:       2"
    assert show.main(str(path)) == shown


def test_a_row_of_two_dimensions_is_shown_in_one_line(path: Path) -> None:
    path.write_bytes(idx_bytes(numpy.array([[3, -40, 0], [5, 6, 7]], "int32")))
    assert show.main(str(path), index=0) == "  3 -40   0"
    assert show.main(str(path), count=2) == "  3 -40   0\n\n5 6 7"


def test_a_line_of_an_item_of_three_dimensions_has_its_last_one(path: Path) -> None:
    path.write_bytes(idx_bytes(numpy.arange(5000, dtype="uint8").reshape(1, 2, 2, 1250)))
    line = " ".join(str(value % 256).rjust(3) for value in range(1250))
    assert show.main(str(path), index=0).split("\n")[0] == line
    path.write_bytes(idx_bytes(numpy.arange(8, dtype="uint8").reshape(1, 2, 2, 2)))
    assert show.main(str(path), index=0) == "0 1\n2 3\n4 5\n6 7"


@pytest.mark.parametrize("value", [999_999, 1_000_000, 1_234_567, 2**31 - 1, -(2**31)])
def test_large_integers_are_shown_digit_by_digit(path: Path, value: int) -> None:
    path.write_bytes(idx_bytes(numpy.array([[value]], "int32")))
    assert show.main(str(path), index=0) == str(value)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_are_shown_with_their_fractions(path: Path, dtype: str) -> None:
    path.write_bytes(idx_bytes(numpy.array([[0.5, -2.25]], dtype)))
    assert show.main(str(path), index=0) == "  0.5 -2.25"


@pytest.mark.parametrize("index", ["2", "-1", "99999999999"])
def test_an_index_out_of_range_is_refused_with_the_range(files: Path, index: str) -> None:
    message = refusal(files / "images", f"--index={index}")
    assert str(files / "images") in message
    assert "expected: an index from 0 to 1\n" in message
    assert f"found:    {index}\n" in message


@pytest.mark.parametrize("count", ["0", "-3"])
def test_a_count_below_one_is_a_usage_error(files: Path, count: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(files / "labels", f"--count={count}") == (2, "")
    assert f"--count: expected a number of at least 1, found '{count}'" in capsys.readouterr().err


def test_a_file_without_items_shows_its_header_and_refuses_an_index(path: Path) -> None:
    path.write_bytes(idx_bytes(numpy.zeros((0, 2, 2), "uint8")))
    assert "number of images:  0\n" in shown(path)
    assert "0 to -1" not in refusal(path, "--index", "0")


def test_an_item_without_elements_is_shown_as_nothing(path: Path) -> None:
    path.write_bytes(idx_bytes(numpy.zeros((3, 0, 5), "uint8")))
    assert show.main(str(path), index=1) == ""


@pytest.mark.parametrize("what", [("--index", "1"), ("--count", "2")])
def test_a_truncated_gz_file_is_refused(path: Path, what: tuple[str, str]) -> None:
    noise = numpy.random.default_rng(0).integers(0, 256, (2, 100, 100), "uint8")
    path.write_bytes(gzip.compress(idx_bytes(noise))[:-5000])
    message = refusal(path, *what)
    assert f"{path}: truncated gzip file" in message


@pytest.mark.parametrize("dims", [(LARGEST,) * 3, (3, 2**17, 2**18)], ids=["more than any number", "96 GB"])
def test_a_header_that_promises_too_much_takes_no_memory(path: Path, dims: tuple[int, ...]) -> None:
    path.write_bytes(b"\0\0\x08\x03" + b"".join(size.to_bytes(4, "big") for size in dims) + b"few")
    assert "shorter than its header says" in refusal(path, "--index", "0")


def test_more_dimensions_than_numpy_supports_are_refused(path: Path) -> None:
    path.write_bytes(b"\0\0\x08\x41" + b"\0\0\0\1" * 65 + b"x")
    assert str(path) in refusal(path, "--index", "0")


@pytest.mark.parametrize("data", [b"", b"PK\3\4", b"<html>", gzip.compress(b"not IDX", mtime=0)])
def test_a_file_that_is_not_idx_is_refused(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    assert str(path) in refusal(path)


@pytest.mark.parametrize(("name", "problem"), [("missing", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    message = refusal(tmp_path / name)
    assert str(tmp_path / name) in message
    assert problem in message


@pytest.mark.slow
def test_the_command_prints_images_or_fails_with_status_1_and_no_traceback(files: Path) -> None:
    process = run_script("show", files / "images", "--count", "2", "--draw")
    assert (process.returncode, process.stdout, process.stderr) == (0, "  ▀\n\n   \n", "")
    process = run_script("show", files / "images", "--index", "2")
    assert (process.returncode, process.stdout, process.stderr) == (1, "", refusal(files / "images", "--index", "2"))


def test_count_and_index_together_are_items_from_that_position_on(files: Path) -> None:
    assert shown(files / "labels", "--index", "1", "--count", "3") == "0 4 1\n"


def test_escape_codes_in_the_name_of_a_missing_file_do_not_reach_the_terminal() -> None:
    process = run_script("show", "no\033[2Jsuch")
    assert process.returncode == 1
    assert "\033" not in process.stderr and "no\\x1b[2Jsuch: No such file" in process.stderr


@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
def test_a_file_that_is_not_as_long_as_its_header_says_is_reported_with_its_true_length(
    path: Path, compress: Callable[[bytes], bytes]
) -> None:
    path.write_bytes(compress(idx_bytes(IMAGES) + bytes(2 * IMAGES.size)))
    assert "found:    52 bytes, 3 times what the header promises" in refusal(path)


@pytest.mark.slow
@needs_full_device
def test_a_pipe_is_named_and_a_closed_output_is_no_error(files: Path) -> None:
    command = f"{sys.executable} {SCRIPT}"
    for words, status, said in (
        (f"cat {files}/images | {command} /dev/stdin", 1, "/dev/stdin: a pipe or a device, not a file"),
        (f"{command} {files}/images >&-", 0, ""),
        (f"{command} {files}/images >/dev/full", 1, "standard output: No space left on device"),
    ):
        done = subprocess.run(["bash", "-c", words], capture_output=True, text=True)
        assert (done.returncode, done.stderr.partition("\n")[0]) == (status, said)


def test_a_truncated_plain_file_is_refused_with_the_byte_where_it_ends(path: Path) -> None:
    path.write_bytes(idx_bytes(IMAGES)[:-1])
    message = refusal(path, "--index", "1")
    assert "shorter than its header says" in message
    assert "at:       byte 27" in message


def test_the_header_of_mnist_matches_the_description_of_its_authors(mnist: Path) -> None:
    assert shown(mnist / "train-images-idx3-ubyte.gz") == header(60000, 28, 28)


def test_the_first_labels_of_mnist_are_shown(mnist: Path) -> None:
    assert shown(mnist / "train-labels-idx1-ubyte.gz", "--count", "10") == "5 0 4 1 9 2 1 3 1 4\n"
