"""The pictures show the right images with the right names, and have the same bytes on every machine."""

from pathlib import Path

import numpy
import pytest
from PIL import Image

import preview
from builders import arrays_of
from dataset_files import DIGITS, write_split
from idxpng.formats.split_header import Selection
from memory import allocating_less_than
from preview import BACKGROUND, COLUMNS, GAP, MOST_CLASSES, SIDE
from project import PROJECT


def draw(
    folder: Path,
    images: numpy.ndarray,
    labels: numpy.ndarray,
    classes: dict[str, str] = DIGITS,
    limit: int | None = None,
    orientation: str = "upright",
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Both pictures as arrays."""
    files = write_split(folder, images, labels, classes=classes, orientation=orientation)
    preview.main(Selection(*files, limit), str(folder / "sheet.png"), str(folder / "first.png"))
    made = ["first.png", "sheet.png", "train-images", "train-labels", "train.crc32", "train.json"]
    assert sorted(path.name for path in folder.iterdir()) == made
    sheet, first = (numpy.asarray(Image.open(folder / name)) for name in ("sheet.png", "first.png"))
    return sheet, first


def test_each_row_of_the_sheet_shows_the_first_images_of_its_class(tmp_path: Path) -> None:
    random = numpy.random.default_rng(0)
    images = random.integers(1, 256, (400, 28, 28), numpy.uint8)
    labels = random.integers(0, 10, 400).astype(numpy.uint8)
    sheet, _ = draw(tmp_path, images, labels)
    left = sheet.shape[1] - COLUMNS * (SIDE + GAP)
    for label in range(10):
        top = GAP + label * (SIDE + GAP)
        for column, image in enumerate(images[labels == label][:COLUMNS]):
            start = left + column * (SIDE + GAP)
            assert (sheet[top : top + SIDE : 2, start : start + SIDE : 2] == image).all()
        assert (sheet[top : top + SIDE, : left - GAP] == 255).any(), "each row has a caption"


def test_the_first_images_are_in_the_order_of_the_file(tmp_path: Path) -> None:
    levels = numpy.arange(101, 201, dtype=numpy.uint8)
    images = numpy.broadcast_to(levels[:, None, None], (100, 28, 28)).copy()
    _, first = draw(tmp_path, images, (levels % 10).astype(numpy.uint8))
    tops = [GAP + row * (first.shape[0] - GAP) // preview.ROWS for row in range(preview.ROWS)]
    shown = [level for top in tops for level in first[top][first[top] != BACKGROUND][::SIDE].tolist()]
    assert shown == levels[: len(shown)].tolist()
    assert len(shown) > 40


def test_only_images_within_the_limit_are_shown_and_they_are_upright(tmp_path: Path) -> None:
    images = numpy.random.default_rng(0).integers(100, 256, (20, 14, 28), numpy.uint8)
    labels = numpy.zeros(20, numpy.uint8)
    upright = draw(tmp_path, images, labels, {"0": "zero"}, limit=5)
    turned = draw(tmp_path, images.transpose(0, 2, 1).copy(), labels, {"0": "zero"}, 5, "transposed")
    assert all((one == other).all() for one, other in zip(upright, turned, strict=True))
    left = upright[0].shape[1] - 5 * (SIDE + GAP)
    row = upright[0][GAP + SIDE // 4]
    assert numpy.count_nonzero(row[left:] != BACKGROUND) == 5 * SIDE
    assert (row[left - GAP : left] == BACKGROUND).all()


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (56, 57), (300, 4), (1, 5000)])
def test_images_of_any_size_fit(tmp_path: Path, shape: tuple[int, int]) -> None:
    images = numpy.full((3, *shape), 200, numpy.uint8)
    sheet, first = draw(tmp_path, images, numpy.array([0, 1, 1], numpy.uint8), {"0": "no", "1": "yes"})
    assert (sheet == 200).any()
    assert (first == 200).any()
    assert max(sheet.shape + first.shape) < 1200


def test_a_class_without_images_is_marked(tmp_path: Path) -> None:
    images, labels = numpy.full((1, 28, 28), 9, numpy.uint8), numpy.array([1], numpy.uint8)
    sheet, _ = draw(tmp_path, images, labels, {"0": "a", "1": "b"})
    empty, full = (sheet[GAP + row * (SIDE + GAP) :][:SIDE, -(SIDE + GAP) :] for row in (0, 1))
    assert not (empty == 9).any()
    assert (empty == preview.PALE).any(), "a word in place of images"
    assert (full[:, :SIDE] == 9).all()


@pytest.mark.parametrize("border", [0, 255])
def test_images_without_a_border_have_gaps_between_them(tmp_path: Path, border: int) -> None:
    images = numpy.full((40, 28, 28), border, numpy.uint8)
    for picture in draw(tmp_path, images, numpy.arange(40, dtype=numpy.uint8) % 10):
        columns = (picture == border).sum(axis=0) > SIDE
        assert (numpy.diff(columns.astype(int)) == 1).sum() >= 4
        assert (picture == BACKGROUND).all(axis=0).any(), "a gap from top to bottom"


@pytest.mark.parametrize(
    ("images", "classes", "width", "height"),
    [
        (1, 10, SIDE, 10 * (SIDE + GAP)),
        (3, 3, SIDE, 3 * (SIDE + GAP)),
        (2000, 10, COLUMNS * SIDE, 10 * (SIDE + GAP)),
        (2000, 26, COLUMNS * SIDE, 26 * (SIDE + GAP)),
        (2000, 62, 3 * 8 * SIDE, 21 * (SIDE + GAP)),
        (2000, 255, 9 * 8 * SIDE, 29 * (SIDE + GAP)),
        pytest.param(32_000, 2000, 14 * 8 * SIDE, 29 * (SIDE + GAP), marks=pytest.mark.slow),
    ],
)
def test_the_size_of_a_sheet_fits_its_images(
    tmp_path: Path, images: int, classes: int, width: int, height: int
) -> None:
    labels = numpy.arange(images, dtype=numpy.int16) % classes
    names = {str(label): f"class {label}" for label in range(classes)}
    sheet, first = draw(tmp_path, numpy.full((images, 28, 28), 9, numpy.uint8), labels, names)
    assert width <= sheet.shape[1] <= max(width + 200, 1.5 * width)
    assert height <= sheet.shape[0] <= height + SIDE + 2 * GAP
    assert (sheet == 255).any(axis=1)[-2 * SIDE :].any(), "the last row has a caption, and no empty space follows"
    assert (first == 9).any(axis=0)[-2 * SIDE :].any()
    shown = (sheet == 9).sum() / SIDE**2
    assert shown == (min(images, classes * COLUMNS) if classes <= 30 else min(images, 8 * min(classes, MOST_CLASSES)))


@pytest.mark.parametrize(
    ("class_name", "caption"),
    [
        ("T-shirt/top", "T-shirt/top"),
        ("étoile", "etoile"),
        ("お", "label 7"),
        ("собака", "label 7"),
        ("お (o)", "7 (o)"),
        ("o (お)", "7 o"),
        ("🙂", "label 7"),
        ("ಅ", "label 7"),
        ("Straße", "7 Strae"),
        (" ", "label 7"),
        ("A a", "A a"),
        ("+", "+"),
        ("x" * 99, "x" * 16 + "..."),
    ],
)
def test_a_caption_has_only_what_the_font_can_draw(class_name: str, caption: str) -> None:
    assert preview.caption(7, class_name) == caption


@pytest.mark.slow
def test_the_picture_in_the_readme_is_the_preview_of_mnist(mnist: Path, tmp_path: Path) -> None:
    files = write_split(tmp_path, *arrays_of(mnist, "train"))
    with allocating_less_than(8_000_000):  # only what is shown is read
        preview.main(Selection(*files), str(tmp_path / "sheet.png"), str(tmp_path / "first.png"))
    assert (tmp_path / "sheet.png").read_bytes() == (PROJECT / "docs/digits.png").read_bytes()
