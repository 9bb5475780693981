"""Make the picture at the top of the README from exported PNG files: a row per label, the first images of each.

python docs/make_picture.py results/mnist-sample/png/train docs/digits.png
"""

import sys
from pathlib import Path

from PIL import Image

COLUMNS = 24
GAP = 2


def main(png: Path, picture: Path) -> None:
    """Paste the first images of each label directory below ``png`` into one image, white on black."""
    rows = [sorted(label.glob("*.png"))[:COLUMNS] for label in sorted(png.iterdir())]
    width, height = (side + GAP for side in Image.open(rows[0][0]).size)
    sheet = Image.new("L", (COLUMNS * width + GAP, len(rows) * height + GAP))
    for row, paths in enumerate(rows):
        for column, path in enumerate(paths):
            sheet.paste(Image.open(path), (GAP + column * width, GAP + row * height))
    sheet.save(picture, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
