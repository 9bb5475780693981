"""Archive the PNG files of a split in one tar file, with a folder for each label, straight from the IDX files.

It is, but for zeros at its end, the archive that GNU tar makes of the exported PNG files:

    tar --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime=@0 -b1 -c train
"""

from collections.abc import Collection

from idxpng import log
from idxpng.atomic import atomic_file
from idxpng.png import PngEncoder
from idxpng.split_header import SplitHeader
from idxpng.tar import END, folder, member


def main(
    images: str,
    labels: str,
    header: str,
    archive: str,
    limit: int | None = None,
    classes: Collection[int] | None = None,
) -> None:
    """Write ``{split}/{label}/{index}.png`` for each image, label by label.

    Args:
        images, labels: the decompressed IDX files of a split.
        header: what `validate` wrote about them.
        archive: the tar file to make.
        limit: only the first so many images; all when None.
        classes: only images with one of these labels; all when None.
    """
    about = SplitHeader.read(header)
    with about.open(images, labels) as source, atomic_file(archive) as file:
        encoder, width, count = PngEncoder(*source.size), source.index_width, 0
        file.write(folder(f"{about.split}/"))
        for label in about.names(classes):
            directory = f"{about.split}/{about.directories[label]}/"
            file.write(folder(directory))
            for index, _ in source.labelled(limit, {label}):
                file.write(member(f"{directory}{index:0{width}}.png", encoder.encode(source.pixels(index))))
                count += 1
        file.write(END)
    log.info("%s: %d images", archive, count)


if __name__ == "__main__":
    from idxpng.command import Command

    command = Command(__doc__)
    command.add_idx_files()
    command.add_argument("--archive", required=True, metavar="FILE", help="the tar file to make")
    command.add_selection()
    command.run(main)
