"""Measure the images of a split, as JSON and as a plot: class counts, mean and deviation of pixels, blank images."""

import base64
import math
from collections import Counter
from collections.abc import Collection, Sequence
from html import escape

from idxpng import log
from idxpng.command import Command
from idxpng.files.atomic import atomic_file
from idxpng.files.json_file import write_json
from idxpng.formats.labeled_images import LabeledImages
from idxpng.formats.split_header import Selection
from idxpng.text import counted

import numpy  # isort: skip

CHUNK = 1 << 18  # pixels at once
LEVELS = 256
LEVELS_PER_BAR = 16
MOST_PIXELS = 1 << 20  # of all classes together, whose sums take eight bytes of memory for each
MOST_BLANK = 10_000  # indices of blank images that are listed


def main(split: Selection, statistics: str, plot: str) -> None:
    """Write what was measured to ``statistics``, a JSON file, and draw it to ``plot``, an SVG file.

    Sums are of whole numbers, so that the result does not depend on their order, and memory is that
    of a few images.

    Args:
        statistics: the file to make: ``images`` (how many), ``mean`` and ``std`` of all pixels as fractions of
            white, ``blank_count`` (how many images are of one even gray), ``blank`` (the indices of the first 10,000
            of them), ``class_counts``, ``levels`` (how many pixels have each value from 0 to 255) and ``class_means``:
            by label the mean of its images, rows × columns bytes in Base64; empty classes are left
            out, as are all when the class means would have more than a million pixels together.
        plot: the picture to make: how many images each class has, and how many pixels each value.
    """
    with split.open() as (header, source):
        names, directories = header.names(split.classes), header.directories
        values = source.classes()
        counts = Counter(values)
        size = source.images.header.item_size
        sums = {label: numpy.zeros(size, numpy.int64) for label in names} if len(names) * size <= MOST_PIXELS else {}
        levels, blank_count, blank = _scan(source, values, split.classes, sums)
    images_count = sum(counts[label] for label in names)
    mean, std = _moments(levels)
    document = {
        "images": images_count,
        "mean": mean,
        "std": std,
        "blank_count": blank_count,
        "blank": blank,
        "class_counts": {directories[label]: counts[label] for label in names},
        "levels": levels,
        "class_means": {
            directories[label]: base64.b64encode(source.upright(_mean(pixels, counts[label]))).decode()
            for label, pixels in sums.items()
            if counts[label]
        },
    }
    write_json(statistics, document)
    class_bars = {}
    for label, name in names.items():
        directory = directories[label]
        class_bars[directory if name == directory else f"{directory}  {name}"] = counts[label]
    level_bars = {
        f"{start} to {start + LEVELS_PER_BAR - 1}": sum(levels[start : start + LEVELS_PER_BAR])
        for start in range(0, LEVELS, LEVELS_PER_BAR)
    }
    panels = {
        f"{counted(images_count, 'image')} in {counted(len(names), 'class')}": class_bars,
        f"Pixels by value: mean {mean:.4f}, standard deviation {std:.4f} of white": level_bars,
    }
    with atomic_file(plot) as file:
        file.write(_bars(panels).encode())
    log.info("%s: %s, mean %.4f, standard deviation %.4f", split.images, counted(images_count, "image"), mean, std)


def _scan(
    source: LabeledImages, values: Sequence[int], classes: Collection[int] | None, sums: dict[int, numpy.ndarray]
) -> tuple[list[int], int, list[int]]:
    """How many pixels of some images have each value; how many of these images are blank, and which are the first.

    They are the first ones, whose labels are ``values``, and of these the ones of ``classes``; all are added to the
    ``sums`` of their classes, if there are any.
    """
    levels = numpy.zeros(LEVELS, numpy.int64)
    pairs = numpy.zeros(LEVELS * LEVELS, numpy.int64)  # of pixels side by side: counting them takes half the time
    blank_count = 0
    blank: list[int] = []
    step = max(1, CHUNK // max(1, source.images.header.item_size))
    rows = source.rows
    for start in range(rows.start, rows.stop, step):
        chunk = source.images.array(start, min(start + step, rows.stop))
        for index, image in enumerate(chunk, start):
            source.check(index, image)
        pixels = chunk.reshape(len(chunk), -1)
        first = start - rows.start
        labels = numpy.array(list(values[first : first + len(chunk)]))
        indices = numpy.arange(start, start + len(chunk))
        if classes is not None:
            chosen = numpy.isin(labels, list(classes))
            pixels, labels, indices = pixels[chosen], labels[chosen], indices[chosen]
        flat = pixels.ravel()
        even = len(flat) - len(flat) % 2
        for part in range(0, even, CHUNK):  # of which numpy makes numbers of 8 bytes
            pairs += numpy.bincount(flat[part : min(part + CHUNK, even)].view(numpy.uint16), minlength=len(pairs))
        levels += numpy.bincount(flat[even:], minlength=LEVELS)
        for label in set(labels.tolist()) if sums else ():
            sums[label] += pixels[labels == label].sum(axis=0, dtype=numpy.uint32)  # enough for a chunk
        found = indices[(pixels == pixels[:, :1]).all(axis=1)]
        blank_count += len(found)
        blank += found[: MOST_BLANK - len(blank)].tolist()
    table = pairs.reshape(LEVELS, LEVELS)
    levels += table.sum(axis=0) + table.sum(axis=1)
    return levels.tolist(), blank_count, blank


def _mean(total: numpy.ndarray, count: int) -> bytes:
    """The mean of ``count`` images with this sum, each pixel rounded to the nearest whole number."""
    return ((2 * total + count) // (2 * count)).astype(numpy.uint8).tobytes()


def _moments(levels: list[int]) -> tuple[float, float]:
    """Mean and standard deviation of pixels, to six digits; ``levels``: how many pixels have each value."""
    white = LEVELS - 1
    count = sum(levels) or 1
    total = sum(level * number for level, number in enumerate(levels))
    squares = sum(level * level * number for level, number in enumerate(levels))
    variance = (count * squares - total * total) / (count * white) ** 2
    return round(total / (count * white), 6), round(math.sqrt(variance), 6)


def _bars(panels: dict[str, dict[str, int]]) -> str:
    """An SVG picture of bar charts one above the other: by title, the height of each bar by its name."""
    line, left, longest, width = 20, 200, 400, 720
    drawn = []
    y = 0
    for title, bars in panels.items():
        y += 2 * line
        drawn.append(f'<text x="{left}" y="{y}" font-weight="bold">{escape(title, quote=False)}</text>')
        most = max(*bars.values(), 1)
        for name, number in bars.items():
            y += line
            length = f"{longest * number / most:.1f}"
            drawn += [
                f'<text x="{left - 8}" y="{y}" text-anchor="end">{escape(name, quote=False)}</text>',
                f'<rect x="{left}" y="{y - 13}" width="{length}" height="16" fill="#4c78a8"/>',
                f'<text x="{float(length) + left + 6:.1f}" y="{y}">{number:,}</text>',
            ]
    height = y + line
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' font-family="sans-serif" font-size="14">'
    )
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *drawn, "</svg>\n"])


if __name__ == "__main__":
    Command(__doc__).run(main)
