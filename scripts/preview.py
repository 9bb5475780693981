"""Show a split at a glance: a contact sheet with a row per class, and its first images with their labels."""

import logging
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from idxpng.atomic import atomic_file
from idxpng.images import LabelledImages
from idxpng.split_header import SplitHeader

COLUMNS = 16  # of the contact sheet
ROWS = 4  # of the sheet of first images
SIDE = 56  # pixels of the longer side of an image on the sheet; small images grow by a whole factor
GAP = 2
WIDTH = COLUMNS * (SIDE + GAP)  # of the sheet of first images, at most
CAPTION_WIDTH = 160  # at most
LINE = 20  # height of a caption

# Pillow brings this font with it, so that every machine draws the same letters; it has those of ASCII and few more.
FONT = ImageFont.load_default(18)
if isinstance(FONT, ImageFont.FreeTypeFont):
    FONT = FONT.font_variant(layout_engine=ImageFont.Layout.BASIC)  # the other one is the machine's


def main(images: str, labels: str, header: str, sheet: str, first: str, limit: int | None = None) -> None:
    """Draw both pictures, white on black, as 8-bit greyscale PNG files.

    Only the images that are shown are read, and large ones are shown smaller.

    Args:
        images, labels: the decompressed IDX files of a split.
        header: what `validate` wrote about them.
        sheet: the contact sheet to make: a row for each class, with its name and its first images.
        first: the other picture to make: the first images in the order of the file, each above its class name.
        limit: look only at the first so many images; at all when None.
    """
    about = SplitHeader.read(header)
    classes = {int(label): name for label, name in about.class_names.items()}
    with about.open(images, labels) as source:
        values = source.classes(limit)
        of_class: dict[int, list[int]] = defaultdict(list)
        for index, value in enumerate(values):
            if len(of_class[value]) < COLUMNS:
                of_class[value].append(index)
        captions = {label: caption(label, name) for label, name in classes.items()}
        _save(_sheet(source, captions, of_class), sheet)
        _save(_first(source, captions, values), first)
    logging.info("%s, %s: of %d images in %d classes", sheet, first, len(values), len(classes))


def caption(label: int, class_name: str) -> str:
    """A class name as far as the font has its letters, accents dropped; the label where nothing of it remains."""
    letters = "".join(
        letter for letter in unicodedata.normalize("NFKD", class_name) if letter.isascii() and letter.isprintable()
    )
    text = " ".join(re.sub(r"\(\W*\)|\[\W*\]", "", letters).split())
    if not text or (not any(map(str.isalnum, text)) and any(map(str.isalnum, class_name))):
        return str(label)
    while FONT.getlength(text) > CAPTION_WIDTH:
        text = text.removesuffix("...")[:-1].rstrip() + "..."
    return text


def _sheet(source: LabelledImages, captions: dict[int, str], of_class: dict[int, list[int]]) -> Image.Image:
    width, height = _tile(source.size)
    left = max(int(FONT.getlength(text)) for text in captions.values()) + 6 * GAP
    pitch = max(height, LINE) + GAP
    picture = Image.new("L", (left + COLUMNS * (width + GAP), len(captions) * pitch + GAP))
    draw = ImageDraw.Draw(picture)
    for row, (label, text) in enumerate(captions.items()):
        top = GAP + row * pitch
        draw.text((left - 3 * GAP, top + pitch // 2), text, fill=255, font=FONT, anchor="rm")
        for column, index in enumerate(of_class[label]):
            picture.paste(_image(source, index), (left + column * (width + GAP), top))
    return picture


def _first(source: LabelledImages, captions: dict[int, str], labels: Sequence[int]) -> Image.Image:
    width, height = _tile(source.size)
    pitch = max([width, *(int(FONT.getlength(text)) for text in captions.values())]) + 3 * GAP
    columns = max(1, WIDTH // pitch)
    line = GAP + height + 2 * GAP + LINE + 2 * GAP
    rows = min(ROWS, -(-len(labels) // columns))
    picture = Image.new("L", (columns * pitch, rows * line))
    draw = ImageDraw.Draw(picture)
    for index, label in enumerate(labels[: rows * columns]):
        left, top = index % columns * pitch, GAP + index // columns * line
        picture.paste(_image(source, index), (left + (pitch - width) // 2, top))
        draw.text((left + pitch // 2, top + height + 2 * GAP), captions[label], fill=255, font=FONT, anchor="ma")
    return picture


def _tile(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height on the sheet of images of ``size`` (rows, columns)."""
    rows, columns = size
    longer = max(rows, columns)
    if longer <= SIDE:
        factor = SIDE // longer
        return columns * factor, rows * factor
    return max(1, columns * SIDE // longer), max(1, rows * SIDE // longer)


def _image(source: LabelledImages, index: int) -> Image.Image:
    rows, columns = source.size
    width, height = _tile(source.size)
    image = Image.frombytes("L", (columns, rows), source.pixels(index))
    return image.resize((width, height), Image.Resampling.NEAREST if width >= columns else Image.Resampling.BOX)


def _save(picture: Image.Image, path: str) -> None:
    with atomic_file(path) as file:
        picture.save(file, "PNG", optimize=True)


if __name__ == "__main__":
    from idxpng.command import Command

    command = Command(__doc__)
    command.add_idx_files()
    command.add_argument("--sheet", required=True, metavar="FILE", help="the contact sheet to make")
    command.add_argument("--first", required=True, metavar="FILE", help="the picture of the first images to make")
    command.add_limit()
    command.run(main)
