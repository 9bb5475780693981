"""Check that PNG files have the same bytes on every processor, by emulation: from the first x86-64 to ARM.

zlib-ng has separate code for each generation of processors. This needs qemu-user; ARM also needs Debian's apt-get, a
network, and a Debian release with a Python for which zlib-ng has a wheel.

make emulated
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy
import zlib_ng

from idxpng.formats.compressed import open_content
from idxpng.formats.png import PIECE
from project import PROJECT

SCRIPTS = PROJECT / "scripts"

# The first; with SSE 4.2 (2008); with AVX2 (2013); and with every feature of the emulator.
X86 = ("qemu64", "Nehalem", "Haswell", "max")
# It needs only the standard library and zlib-ng, because emulated ARM has nothing more.
ENCODE = """
import hashlib, sys
from idxpng.formats.png import PngEncoder
digest = hashlib.sha256()
with open(sys.argv[1], "rb") as file:
    while size := file.readline():
        rows, columns = map(int, size.split())
        digest.update(PngEncoder(rows, columns).encode(file.read(rows * columns)))
print(digest.hexdigest())
"""


def write_images(path: Path) -> Path:
    """Write a file of images to encode: digits, and noise of many sizes and numbers of gray values."""
    random = numpy.random.default_rng(1)
    with open_content(str(PROJECT / "datasets/mnist-sample/train-images-idx3-ubyte.gz")) as file:
        digits = file.read()[16:]
    images = [(28, 28, digits[at : at + 784]) for at in range(0, len(digits), 784)]
    for _ in range(300):
        rows, columns, grays = (int(random.integers(1, limit)) for limit in (150, 150, 257))
        images.append((rows, columns, random.integers(0, grays, rows * columns, numpy.uint8).tobytes()))
    for rows, columns in ((1000, 1000), (1, 3 * PIECE), (PIECE, 1)):
        images.append((rows, columns, random.integers(0, 20, rows * columns, numpy.uint8).tobytes()))
    with path.open("wb") as file:
        for rows, columns, pixels in images:
            file.write(b"%d %d\n" % (rows, columns) + pixels)
    return path


def digest(images: Path, python: list[str], packages: Path) -> str:
    """The SHA-256 of the PNG files of all images, encoded by a Python interpreter."""
    environment = os.environ | {"PYTHONPATH": f"{SCRIPTS}:{packages}"}
    command = [*python, "-c", ENCODE, str(images)]
    run = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr)
    return run.stdout.strip()  # standard error has warnings of the emulator


def own_packages() -> Path:
    return Path(zlib_ng.__file__).parents[1]


def on_x86(images: Path) -> Iterator[tuple[str, str]]:
    """Each emulated x86 processor and its digest."""
    for processor in X86:
        emulated = ["qemu-x86_64", "-cpu", processor, os.path.realpath(sys.executable)]
        yield processor, digest(images, emulated, own_packages())


def on_arm(images: Path, folder: Path) -> str:
    """The digest of an emulated ARM processor, with Debian's Python and its wheel of zlib-ng."""
    root, packages = folder / "root", folder / "packages"
    for place in ("state/lists/partial", "cache/archives/partial", "root"):
        (folder / place).mkdir(parents=True)
    (folder / "status").touch()
    options = {
        "APT::Architecture": "arm64",
        "APT::Architectures::": "arm64",
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
    }
    apt = ["apt-get", "-qq", "-oAPT::Sandbox::User=root", *(f"-o{name}={value}" for name, value in options.items())]
    subprocess.run([*apt, "update"], check=True)
    subprocess.run([*apt, "install", "-y", "--download-only", "--no-install-recommends", "python3"], check=True)
    for package in (folder / "cache/archives").glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
    python = (root / "usr/bin/python3").resolve().name
    version = python.removeprefix("python").replace(".", "")
    wheel = ["install", "--quiet", "--target", str(packages), "--no-deps", "--only-binary", ":all:"]
    wheel += ["--platform", "manylinux2014_aarch64", "--python-version", version, f"zlib-ng=={zlib_ng.__version__}"]
    subprocess.run([sys.executable, "-m", "pip", *wheel], check=True)
    return digest(images, ["qemu-aarch64", "-L", str(root), str(root / "usr/bin" / python)], packages)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        images = write_images(Path(folder) / "images")
        made = {"this processor": digest(images, [sys.executable], own_packages())}
        made.update(on_x86(images))
        if shutil.which("apt-get"):
            made["ARM (aarch64)"] = on_arm(images, Path(folder) / "arm")
    for processor, found in made.items():
        print(f"{found}  {processor}")
    if len(set(made.values())) > 1:
        sys.exit("the bytes of PNG files depend on the processor")


if __name__ == "__main__":
    main()
