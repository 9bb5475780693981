"""The command that `idx` advises for images that it cannot take is run as printed, and the pixels are looked at."""

import re
import subprocess
from pathlib import Path

import numpy
import pytest
from PIL import Image
from PIL.ImageFile import ImageFile

import convert_images
from idxpng.errors import DataError
from idxpng.formats.gray_image import GrayImage, Problems, opened, read
from refusals import refusal

STROKE = numpy.zeros((8, 8), numpy.uint8)
STROKE[2:6, 3:5] = 255
BLACK = numpy.zeros_like(STROKE)
# Each shows the stroke, black on white.
DRAWN = {
    "transparent.png": Image.fromarray(numpy.dstack([BLACK, BLACK, BLACK, STROKE])),
    "gray and alpha.png": Image.fromarray(numpy.dstack([BLACK, STROKE])),
    "color.png": Image.fromarray(numpy.dstack([255 - STROKE, 255 - STROKE, 254 - STROKE // 255 * 254])),
    "a.gif": Image.fromarray(255 - STROKE),
    "a.webp": Image.fromarray(255 - STROKE),
    "plain.png": Image.fromarray(255 - STROKE),
}


def save(folder: Path, images: dict[str, Image.Image]) -> None:
    folder.mkdir(parents=True)
    for name, image in images.items():
        image.save(folder / name, lossless=True)


def advised(folder: Path) -> str:
    """The command that an error advises for the images of a folder."""
    problems = Problems()
    for path in sorted(folder.rglob("[!.]*.*")):
        problems.add(str(path), read(path))
    found = re.search(r"to do: +(.*convert_images\.py.*)", str(problems.error(folder)))
    assert found
    return found[1]


@pytest.mark.slow
def test_the_advised_command_writes_what_a_viewer_shows_into_a_new_folder(tmp_path: Path) -> None:
    folder = tmp_path / "my drawings"
    save(folder / "train/3", DRAWN)
    moving = [Image.fromarray(255 - STROKE), Image.fromarray(STROKE)]
    moving[0].save(folder / "train/3/moving.tiff", save_all=True, append_images=moving[1:])
    (folder / "train/3/.DS_Store").write_text("x")
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    assert "--size" not in advised(folder), "all have one"
    process = subprocess.run(advised(folder), shell=True, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before
    made = {path.name: read(path) for path in (tmp_path / "my drawings-gray/train/3").iterdir()}
    names = [name if name.endswith(".png") else f"{name}.png" for name in (*DRAWN, "moving.tiff")]
    assert sorted(made) == sorted(names)
    for name, image in made.items():
        assert isinstance(image, GrayImage), name
        pixels = numpy.frombuffer(image.pixels, numpy.uint8).reshape(8, 8)
        assert numpy.abs(pixels.astype(int) - (255 - STROKE)).max() <= 1, name


@pytest.mark.slow
def test_the_advised_command_gives_all_images_the_most_frequent_size(tmp_path: Path) -> None:
    images = {f"{number}.png": Image.new("L", (6, 4), 9) for number in range(3)}
    save(tmp_path / "my/train/a", images | {"large.png": Image.new("L", (60, 40), 9)})
    process = subprocess.run(advised(tmp_path / "my"), shell=True, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert {read(path) for path in (tmp_path / "my-gray/train/a").iterdir()} == {GrayImage((4, 6), bytes([9] * 24))}


def test_light_strokes_are_not_lost_on_a_white_ground(tmp_path: Path) -> None:
    white = numpy.full_like(STROKE, 255)
    save(tmp_path / "my/3", {"0.png": Image.fromarray(numpy.dstack([white, white, white, STROKE]))})
    Image.new("RGBA", (8, 8)).save(tmp_path / "my/3/empty.png")
    convert_images.main(str(tmp_path / "my"), str(tmp_path / "new"))
    assert read(tmp_path / "new/3/0.png") == GrayImage((8, 8), STROKE.tobytes())
    assert read(tmp_path / "new/3/empty.png") == GrayImage((8, 8), bytes([255] * 64))


@pytest.mark.slow
def test_files_that_cannot_be_converted_are_left_out_by_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save(tmp_path / "my/3", {"0.png": Image.fromarray(STROKE)})
    (tmp_path / "my/3/notes.txt").write_text("x")
    (tmp_path / "my/3/cut.png").write_bytes((tmp_path / "my/3/0.png").read_bytes()[:45])
    Image.new("1", (20_000, 20_000)).save(tmp_path / "my/3/large.png")
    Image.new("I;16", (8, 8)).save(tmp_path / "my/3/deep.png")
    convert_images.main(str(tmp_path / "my"), str(tmp_path / "new"))
    assert [path.name for path in (tmp_path / "new/3").iterdir()] == ["0.png"]
    assert "notes.txt: not an image" in caplog.text and "cut.png: damaged" in caplog.text
    assert "deep.png: not of 8 bits a pixel" in caplog.text
    assert "large.png: damaged" in caplog.text


def test_an_image_that_cannot_be_read_is_not_left_out(tmp_path: Path) -> None:
    save(tmp_path / "my/3", {"0.png": Image.fromarray(STROKE)})
    (tmp_path / "my/3/loop.png").symlink_to("loop.png")
    with pytest.raises(OSError, match="symbolic links"):
        convert_images.main(str(tmp_path / "my"), str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("new", ["my", "my/3", "link"])
def test_an_existing_folder_is_not_written_to(tmp_path: Path, new: str) -> None:
    save(tmp_path / "my/3", {"0.png": Image.fromarray(STROKE)})
    (tmp_path / "link").symlink_to("my")
    assert "already exists" in refusal(convert_images.main, str(tmp_path / "my"), str(tmp_path / new))


def test_a_folder_that_somebody_makes_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make_meanwhile(path: Path) -> ImageFile | str:
        save(tmp_path / "new", {"mine.png": Image.fromarray(STROKE)})
        return opened(path)

    monkeypatch.setattr(convert_images, "opened", make_meanwhile)
    save(tmp_path / "my/3", {"0.png": Image.fromarray(STROKE)})
    assert "already exists" in refusal(convert_images.main, str(tmp_path / "my"), str(tmp_path / "new"))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["mine.png"]


@pytest.mark.parametrize("size", ["28", "0x28", "28x-1", "28×28"])
def test_a_size_that_is_none_is_refused(tmp_path: Path, size: str) -> None:
    assert "such as 28x28" in refusal(convert_images.main, str(tmp_path), str(tmp_path / "new"), size)


def test_folders_behind_links_are_converted_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for folder in ("my/train/cat", "elsewhere", "my/train/.thumbs"):
        save(tmp_path / folder, {"0.png": Image.fromarray(STROKE)})
    for name in ("eel", "fox"):
        (tmp_path / "my/train" / name).symlink_to("../../elsewhere")
    (tmp_path / "my/train/loop").symlink_to("..")
    convert_images.main(str(tmp_path / "my"), str(tmp_path / "new"))
    assert {str(path.relative_to(tmp_path / "new")) for path in (tmp_path / "new").rglob("*.png")} == {
        "train/cat/0.png",
        "train/eel/0.png",
        "train/fox/0.png",
    }


def test_two_images_that_would_get_the_same_name_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "my/3", {"1.gif": Image.fromarray(STROKE), "1.gif.png": Image.fromarray(STROKE)})
    with pytest.raises(DataError, match=r"my/3/1\.gif\.png: a second image.*\n.*new/3/1\.gif\.png\n.*rename"):
        convert_images.main(str(tmp_path / "my"), str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_the_advised_folder_is_new_each_time(tmp_path: Path) -> None:
    save(tmp_path / "my/3", {"0.png": Image.new("RGB", (4, 4), "red")})
    assert advised(tmp_path / "my").endswith(f"{tmp_path}/my-gray")
    (tmp_path / "my-gray").mkdir()
    assert advised(tmp_path / "my").endswith(f"{tmp_path}/my-gray2")


def test_what_cannot_be_converted_gets_no_command_to_convert_it() -> None:
    problems = Problems()
    problems.add("a.txt", "not an image")
    message = str(problems.error("my"))
    assert "convert_images" not in message and "found:    not an image: 1 (a.txt)\n" in message
    assert "HEIC" in message, "which is an image to others"


def test_a_folder_without_an_image_that_can_be_read_is_not_called_empty(tmp_path: Path) -> None:
    (path := tmp_path / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for folder, problem in ((tmp_path, "no image in it can be read"), (path, "folder not found")):
        assert refusal(convert_images.main, str(folder), str(tmp_path / "new")) == f"{folder}: {problem}"
