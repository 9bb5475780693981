"""Images of one's own that are damaged are named, whatever error Pillow raises for them."""

import base64
import os
from pathlib import Path

from idxpng.formats.gray_image import read

# Pillow raises TypeError for this TIFF file.
DAMAGED_TIFF = (
    "SUkqAEYAAAD/2P/AAAsIAAQABgEBEQD/2gAIAQEAAD8A5hvFerQTjVLS4a2vrpA1xMjs3m5VeqsSoA2cAAYyQMDAH//ZAAoAAAED"
    "AAEAAAAGAAAAAQEDAAEAAAAEAAAAAgEDAAEAAAAIAAAAAwEDAAEAAAAHAAAABgEDAAEAAAABAAAAEQEEAAEAAAAIAAAAFgEDAAEA"
    "AAAEAAAAFwEEAAEAAAA9AAAAHAEAAAABAAAAWwEHACEBAADEAAAAAAAAAP/Y/9sAQwAIBgYHBgUIBwcHCQkICgwUDQwLCwwZEhMP"
    "FB0a1B4dGhwcICQuJyAiLCMcHCg3KSwwMTQ0NDM0Mv/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHAAkKC//EALUQAAIBAwMC"
    "BAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElK"
    "U1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY"
    "2drh4uPk5ebn6Onq8fLz9PX29/j5+v/Z"
)


def test_an_image_for_which_pillow_raises_an_error_of_any_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0.tiff").write_bytes(base64.b64decode(DAMAGED_TIFF))
    assert read(tmp_path / "0.tiff") in ("damaged", "not an image")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "0.png")
    assert read(tmp_path / "0.png") == "not an image"
