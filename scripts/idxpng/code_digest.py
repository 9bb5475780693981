"""What Snakemake does not see: the modules behind a script, which shape its results as much as the script does."""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
SHAPES_NOTHING = {"log"}  # what is said of a result is not in it


def code_digest(script: str | Path, parts: Iterable[str] = ()) -> str:
    """A digest of ``script``, of the modules of this package that it imports, directly or through others, and of
    other ``parts`` of the package.

    As a parameter of a rule it makes Snakemake run the rule again when one of them changes. Imports inside of
    functions and of ``if`` blocks do not count: what is loaded only for the network, the log or the command
    line shapes no result.
    """
    seen: dict[str, bytes] = {}
    own = Path(script).read_bytes()
    queue = _imported(own)[:]
    while queue:
        if (name := queue.pop()) not in seen and name not in SHAPES_NOTHING:
            seen[name] = (PACKAGE / f"{name}.py").read_bytes()
            queue += _imported(seen[name])
    modules = [seen[name] for name in sorted(seen)]
    return hashlib.sha256(b"".join((own, *modules, *((PACKAGE / part).read_bytes() for part in parts)))).hexdigest()


@cache
def _imported(source: bytes) -> list[str]:
    """The names of the package's modules that a module imports."""
    found: list[str] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.module == PACKAGE.name:
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{PACKAGE.name}."):
            found.append(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            dotted = (alias.name.split(".") for alias in node.names)
            found += [parts[1] for parts in dotted if parts[0] == PACKAGE.name and len(parts) > 1]
    return found
