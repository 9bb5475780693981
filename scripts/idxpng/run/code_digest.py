"""A digest of a script and of the modules it imports. Snakemake does not track changes in them."""

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
IGNORED = {"command.py", "log.py"}  # command lines and messages do not affect results
MARK = "# not in the digest"
# Parsing the syntax of all modules would take a tenth of a second of each run.
IMPORT = re.compile(r"^( *(?:from (\S+) )?import (\([^)]*\).*|.*))", re.MULTILINE)


def code_digest(script: str | Path, parts: Iterable[str] = ()) -> str:
    """A digest of ``script``, of the modules of this package that it imports, directly or through others, and of
    other ``parts`` of the package.

    As a parameter of a rule, it makes Snakemake run the rule again when one of them changes. An import marked
    ``# not in the digest`` does not count: its module, such as one for the network, does not affect results.
    """
    seen: dict[str, bytes] = {}
    own = Path(script).read_bytes()
    queue = _imported(own, PACKAGE)[:]
    while queue:
        if (path := queue.pop()) not in seen and path not in IGNORED:
            seen[path] = (PACKAGE / path).read_bytes()
            queue += _imported(seen[path], PACKAGE)
    modules = [seen[path] for path in sorted(seen)]
    return hashlib.sha256(b"".join((own, *modules, *((PACKAGE / part).read_bytes() for part in parts)))).hexdigest()


@cache
def _imported(source: bytes, package: Path) -> list[str]:
    """The files of the package's modules that a module imports, as paths in the package."""
    names: list[str] = []
    for statement, module, words in IMPORT.findall(source.decode()):
        if MARK not in statement:
            imported = re.findall(r"[\w.]+", words)
            names += [module, *(f"{module}.{name}" for name in imported)] if module else imported
    dotted = (name.split(".") for name in names)
    paths = ("/".join(parts[1:]) + ".py" for parts in dotted if parts[0] == package.name and len(parts) > 1)
    return [path for path in paths if (package / path).is_file()]
