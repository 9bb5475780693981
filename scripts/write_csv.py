"""Write the images of a split as CSV: a line for each, its label and then its pixels row by row, from 0 to 255."""

from idxpng import log
from idxpng.command import Command
from idxpng.files.atomic import atomic_file
from idxpng.formats.split_header import Selection
from idxpng.text import counted

NUMBERS = [b",%d" % value for value in range(256)]
AT_ONCE = 1 << 16  # pixels; to join bytes takes 88 bytes of memory for each


def main(split: Selection, csv: str, column_names: bool = False) -> None:
    """Write ``csv``, a line for each image in the order of the IDX file. Takes the memory of the text of one image.

    Args:
        csv: the file to make.
        column_names: begin with a line of names: label, and 1x1 to 28x28 (row and column) for the pixels.
    """
    with split.open() as (_, source), atomic_file(csv) as file:
        rows, columns = source.size
        if column_names:
            file.write(b"label")
            for row in range(1, rows + 1):
                file.write("".join(f",{row}x{column}" for column in range(1, columns + 1)).encode())
            file.write(b"\n")
        count = 0
        for index, label in source.labeled(split.limit, split.classes):
            pixels = source.pixels(index)
            pieces = (pixels[start : start + AT_ONCE] for start in range(0, len(pixels), AT_ONCE))
            text = b"".join(b"".join([NUMBERS[value] for value in piece]) for piece in pieces)
            file.write(b"%d%s\n" % (label, text))
            count += 1
    log.info("%s: %s", csv, counted(count, "image"))


if __name__ == "__main__":
    Command(__doc__).run(main)
