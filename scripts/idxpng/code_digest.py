"""What Snakemake does not see: the modules behind a script, which shape its results as much as the script does."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent


def code_digest(script: str | Path, parts: Iterable[str] = ()) -> str:
    """A digest of ``script``, of the modules of this package that it imports, directly or through others, and of
    other ``parts`` of the package.

    As a parameter of a rule it makes Snakemake run the rule again when one of them changes. Imports inside of
    functions and of ``if`` blocks do not count: what is loaded only for the network, the log or the command
    line shapes no result.
    """
    seen: set[Path] = set()
    queue = [Path(script)]
    while queue:
        new = set(_imported(queue.pop())) - seen
        seen |= new
        queue += new
    sources = [Path(script), *sorted(seen), *(PACKAGE / part for part in parts)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _imported(path: Path) -> Iterator[Path]:
    for node in ast.parse(path.read_bytes()).body:
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module == PACKAGE.name:
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{PACKAGE.name}."):
            names = [node.module.split(".")[1]]
        elif isinstance(node, ast.Import):
            dotted = (alias.name.split(".") for alias in node.names)
            names = [parts[1] for parts in dotted if parts[0] == PACKAGE.name and len(parts) > 1]
        yield from (PACKAGE / f"{name}.py" for name in names)
