"""Show a split at a glance: a contact sheet with a row per class, and its first images with their labels."""

import math
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

from idxpng import log
from idxpng.command import Command
from idxpng.files.atomic import atomic_file
from idxpng.formats.labeled_images import LabeledImages
from idxpng.formats.split_header import Selection
from idxpng.text import counted

from PIL import Image, ImageDraw, ImageFont  # isort: skip

COLUMNS = 16  # images of a class on the contact sheet
ONE_BLOCK = 30  # most classes in one block of rows; more are drawn in several blocks, side by side
BLOCK_COLUMNS = 8  # images of a class there
MOST_CLASSES = 400  # on the contact sheet
ROWS = 4  # of the sheet of first images
SIDE = 56  # pixels of the longer side of an image on the sheet; small images grow by a whole factor
GAP = 4
WIDTH = COLUMNS * (SIDE + GAP)  # of the sheet of first images, at most
CAPTION_WIDTH = 160  # at most
LINE = 20  # height of a caption
BACKGROUND = 72  # neither black nor white, so that images of any border are set off
WHITE = 255
PALE = 160
NONE = "none"

# Pillow brings this font and its layout, so that every machine draws the same letters: those of ASCII, and few more.
FONT = ImageFont.load_default(18)


def main(split: Selection, sheet: str, first: str) -> None:
    """Draw both pictures, on dark gray, as 8-bit grayscale PNG files.

    Only the images that are shown are read, and large ones are shown smaller.

    Args:
        sheet: the contact sheet to make: a row for each class, with its name and its first images; many classes in
            several blocks side by side, and of more than 400 the first.
        first: the other picture to make: the first images in the order of the file, each above its class name.
    """
    with split.open() as (header, source):
        captions = {label: caption(label, name) for label, name in header.names(split.classes).items()}
        _save(_sheet(source, captions, source.first_of_each(captions, COLUMNS)), sheet)
        _save(_first(source, captions, source.labeled(split.classes)), first)
    log.info("%s, %s: %s", sheet, first, counted(len(captions), "class"))


def caption(label: int, class_name: str) -> str:
    """A class name as far as the font has its letters, accents dropped; where letters are missing, after the label."""
    parts = unicodedata.normalize("NFKD", class_name)
    letters = "".join(letter for letter in parts if letter.isascii() and letter.isprintable())
    text = " ".join(re.sub(r"\(\W*\)|\[\W*\]", "", letters).split())
    missing = any(not letter.isascii() and not unicodedata.combining(letter) for letter in parts)
    if missing or not text:
        text = f"{label} {text}" if any(map(str.isalnum, text)) else f"label {label}"
    while FONT.getlength(text) > CAPTION_WIDTH:
        text = text.removesuffix("...")[:-1].rstrip() + "..."
    return text


def _sheet(source: LabeledImages, captions: dict[int, str], indices: dict[int, list[int]]) -> Image.Image:
    shown = list(captions.items())[:MOST_CLASSES]
    width, height = _tile(source.size)
    left = max(_length(text) for _, text in shown) + 4 * GAP
    pitch = max(height, LINE) + GAP
    columns = min(COLUMNS if len(shown) <= ONE_BLOCK else BLOCK_COLUMNS, max(map(len, indices.values())))
    block = left + max(columns * (width + GAP), _length(NONE) + GAP)
    blocks = -(-len(shown) // ONE_BLOCK)
    rows = -(-len(shown) // blocks)
    picture = Image.new("L", (blocks * block, GAP + rows * pitch), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    for number, (label, text) in enumerate(shown):
        start, top = number // rows * block, GAP + number % rows * pitch
        middle = top + (pitch - GAP) // 2
        draw.text((start + left - 2 * GAP, middle), text, fill=WHITE, font=FONT, anchor="rm")
        if not indices[label]:
            draw.text((start + left, middle), NONE, fill=PALE, font=FONT, anchor="lm")
        for column, index in enumerate(indices[label][:columns]):
            picture.paste(_image(source, index), (start + left + column * (width + GAP), middle - height // 2))
    return picture


def _first(source: LabeledImages, captions: dict[int, str], images: Iterator[tuple[int, int]]) -> Image.Image:
    width, height = _tile(source.size)
    pitch = max([width, *map(_length, captions.values())]) + 2 * GAP
    columns = max(1, WIDTH // pitch)
    shown = list(islice(images, ROWS * columns))
    columns = max(1, min(columns, len(shown)))
    line = height + GAP + LINE + 2 * GAP
    rows = -(-len(shown) // columns)
    picture = Image.new("L", (columns * pitch, GAP + rows * line), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    for place, (index, label) in enumerate(shown):
        left, top = place % columns * pitch, GAP + place // columns * line
        picture.paste(_image(source, index), (left + (pitch - width) // 2, top))
        draw.text((left + pitch // 2, top + height + GAP), captions[label], fill=WHITE, font=FONT, anchor="ma")
    return picture


def _length(text: str) -> int:
    return math.ceil(FONT.getlength(text))


def _tile(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height on the sheet of images of ``size`` (rows, columns)."""
    rows, columns = size
    longer = max(rows, columns)
    if longer <= SIDE:
        factor = SIDE // longer
        return columns * factor, rows * factor
    return max(1, columns * SIDE // longer), max(1, rows * SIDE // longer)


def _image(source: LabeledImages, index: int) -> Image.Image:
    rows, columns = source.size
    width, height = _tile(source.size)
    image = Image.frombytes("L", (columns, rows), source.pixels(index))
    return image.resize((width, height), Image.Resampling.NEAREST if width >= columns else Image.Resampling.BOX)


def _save(picture: Image.Image, path: str) -> None:
    with atomic_file(path) as file:
        picture.save(file, "PNG")


if __name__ == "__main__":
    Command(__doc__).run(main)
