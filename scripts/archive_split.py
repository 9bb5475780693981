"""Archive the PNG files of a split in one tar file, with a folder for each label, directly from the IDX files.

It equals the archive that GNU tar makes of the exported PNG files:

    tar --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime=@0 -b1 -c train
"""

from idxpng import log
from idxpng.command import Command
from idxpng.errors import DataError
from idxpng.files.atomic import atomic_file
from idxpng.files.digest import digest_of
from idxpng.formats.png import PngEncoder
from idxpng.formats.split_header import Selection
from idxpng.formats.tar import END, member
from idxpng.text import counted


def main(split: Selection, archive: str, sha256: str | None = None) -> None:
    """Write ``{split}/{label}/{index}.png`` for each image, label by label.

    Args:
        archive: the tar file to make.
        sha256: the digest that the archive must have, if it has all images.

    Raises:
        DataError: when the archive differs from the pinned one.
    """
    with split.open() as (header, source), atomic_file(archive) as file:
        encoder = PngEncoder(*source.size)
        file.write(member(f"{header.split}/"))
        count = 0
        for label in header.names(split.classes):
            directory = f"{header.split}/{header.directories[label]}/"
            file.write(member(directory))
            for index in source.indices(label):
                file.write(member(f"{directory}{source.name(index)}.png", encoder.encode(source.pixels(index))))
                count += 1
        file.write(END)
        file.flush()
        digest = digest_of(file.name)
        if sha256 not in (None, digest):
            from idxpng.advice import install  # not in the digest

            raise DataError(
                archive,
                "the archive is not the one that the dataset file pins",
                at=f"splits.{header.split}.archive_sha256",
                expected=f"SHA-256 {sha256}",
                found=digest,
                todo=f"install the pinned PNG compressor ({install('requirements')}), or correct the pin",
            )
    log.info("%s: %s, SHA-256 %s%s", archive, counted(count, "image"), digest, ", as pinned" if sha256 else "")


if __name__ == "__main__":
    Command(__doc__).run(main)
