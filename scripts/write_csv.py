"""Write the images of a split as CSV: a line for each, its label and then its pixels row by row, from 0 to 255."""

from idxpng import log
from idxpng.command import Command
from idxpng.files.atomic import atomic_file
from idxpng.formats.split_header import Selection
from idxpng.text import counted

NUMBERS = [b",%d" % value for value in range(256)]


def main(split: Selection, csv: str, column_names: bool = False) -> None:
    """Write ``csv``, a line for each image in the order of the IDX file.

    Takes 90 bytes of memory for each pixel of an image.

    Args:
        csv: the file to make.
        column_names: begin with a line of names: label, and 1x1 to 28x28 (row and column) for the pixels.
    """
    with split.open() as (_, source), atomic_file(csv) as file:
        rows, columns = source.size
        if column_names:
            names = (f"{row}x{column}" for row in range(1, rows + 1) for column in range(1, columns + 1))
            file.write(",".join(["label", *names]).encode() + b"\n")
        count = 0
        for index, label in source.labeled(split.classes):
            file.write(b"%d%s\n" % (label, b"".join([NUMBERS[value] for value in source.pixels(index)])))
            count += 1
    log.info("%s: %s", csv, counted(count, "image"))


if __name__ == "__main__":
    Command(__doc__).run(main)
