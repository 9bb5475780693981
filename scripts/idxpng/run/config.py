"""The checked configuration of a run, from config.yaml, --config, or an importing workflow."""

import os
from dataclasses import dataclass, fields
from typing import Any, Self

from idxpng.dataset.schema import check
from idxpng.errors import DataError

SHOWN_AS = "configuration"
TRUTH = {"true": True, "false": False}


@dataclass(frozen=True)
class OwnFolder:
    """A folder of images: ``path``; ``manifests``, a table or a folder of them, and the dataset named by ``like``.

    ``invert``: whether to store 255 - value for each pixel.
    """

    path: str
    manifests: str | None = None
    like: str | None = None
    invert: bool = False


@dataclass(frozen=True)
class Config:
    """The keys of config.yaml, which schemas/config.schema.yaml explains; None or empty where nothing is set."""

    datasets: tuple[str, ...]
    splits: tuple[str, ...]
    limit: int | None
    classes: tuple[int, ...]
    shard_size: int
    shuffle_seed: int | None
    csv_header: bool
    mirrors: dict[str, tuple[str, ...]]
    folders: dict[str, OwnFolder]
    on_nodes: bool

    @classmethod
    def read(cls, config: dict[str, Any], schema: dict[str, Any]) -> Self:
        """Check the ``config`` that Snakemake has read against its JSON schema.

        Raises:
            DataError: for the first mistake, with the key, what was found, and what is allowed.
        """
        config = _as_in_yaml(config)
        config |= {key: _listed(config[key]) for key in ("datasets", "splits", "classes") if key in config}
        if isinstance(config.get("classes"), list):
            config["classes"] = [int(label) if str(label).isdecimal() else label for label in config["classes"]]
        if isinstance(config.get("splits"), int | list):  # YAML takes a name such as 2024 for a number
            config["splits"] = [str(name) if type(name) is int else name for name in _sequence(config["splits"])]
        _check_spelling(config)
        check(config, schema, SHOWN_AS)
        settings = {key: rule["default"] for key, rule in schema["properties"].items() if "default" in rule} | config
        settings.pop("pathvars", None)  # a key of Snakemake's
        # Shells do not expand ~ inside an option.
        settings |= {
            "datasets": tuple(map(os.path.expanduser, _sequence(settings["datasets"]))),
            "splits": tuple(_sequence(settings["splits"])),
            "classes": tuple(sorted(map(int, _sequence(settings["classes"])))),
            "mirrors": {
                name: tuple(map(os.path.expanduser, _sequence(of))) for name, of in (settings["mirrors"] or {}).items()
            },
            "folders": {name: _own_folder(folder) for name, folder in (settings["folders"] or {}).items()},
        }
        return cls(**settings)


BOOLEANS = {field.name for keys in (Config, OwnFolder) for field in fields(keys) if field.type is bool}


def _check_spelling(value: Any, at: str = "") -> None:
    """Refuse what YAML accepts but nobody means: a colon without a space."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        name, colon, rest = key.partition(":")
        if colon and not inner:
            expected = f"{{{name}: {rest}}}"
            raise DataError(
                SHOWN_AS, "a space is missing after a colon", at=at or None, expected=expected, found=f"{{{key}}}"
            )
        _check_spelling(inner, f"{at}.{key}".lstrip("."))


def _as_in_yaml(value: Any, key: object = None) -> Any:
    """Each key as text, since ``2024`` may name a dataset or a folder; ``true``, text after --config, as a boolean; and
    ``10.0`` as an integer, as JSON schemas do.
    """
    if isinstance(value, dict):
        return {str(name): _as_in_yaml(inner, name) for name, inner in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return TRUTH.get(str(value).lower(), value) if key in BOOLEANS else value


def _listed(value: Any) -> Any:
    """``this,that`` from a command line, as a list."""
    if isinstance(value, str) and "," in value and not os.path.exists(value):
        return [part.strip() for part in value.split(",")]
    return value


def _own_folder(folder: str | dict[str, Any]) -> OwnFolder:
    keys: dict[str, Any] = folder if isinstance(folder, dict) else {"path": folder}
    places = {key: os.path.expanduser(value) for key, value in keys.items() if key != "invert"}
    return OwnFolder(**places, invert=keys.get("invert", False))


def _sequence(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
