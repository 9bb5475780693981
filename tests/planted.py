"""What someone else may put under a name at which a file is expected; ``secret`` is a file of theirs."""

import os
from pathlib import Path

import pytest


def link(path: Path, secret: Path) -> None:
    path.symlink_to(secret)


def second_name(path: Path, secret: Path) -> None:
    path.hardlink_to(secret)


def pipe(path: Path, secret: Path) -> None:
    os.mkfifo(path)


def folder(path: Path, secret: Path) -> None:
    path.mkdir()


def dangling_link(path: Path, secret: Path) -> None:
    path.symlink_to(secret.with_name("new"))


def file_of_another_user(path: Path, secret: Path) -> None:
    path.write_bytes(b"theirs")
    if os.geteuid():
        pytest.skip("only root gives files away")
    os.chown(path, 12345, 12345)


PLANTED = [link, second_name, pipe, folder, dangling_link, file_of_another_user]
