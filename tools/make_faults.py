"""Write faults.md: run the tests that do harm to the workflow, and list what became of each fault."""

import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
TESTS = ("faults", "hostile", "verify")
MANY = {"FAULT_MOMENTS": "30", "MUTATED_FILES": "100000"}  # moments of kills, and files; `make check` has fewer
HEAD = """# Faults and what became of them

Each row is a test that does harm to the workflow, and says what must hold all the same. A case is one kill, one full
disk, one damaged file; `held` counts those in which it did hold. Made by `python tools/make_faults.py`, as root since
some tests fill a disk of their own.

| tests | what must hold | cases |
|---|---|---|
"""


def main(output: Path) -> int:
    """Make the table ``output`` and return the exit status of the tests."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        files = [str(next((ROOT / "tests").rglob(f"test_{name}.py"))) for name in TESTS]
        command = [sys.executable, "-m", "pytest", "--quiet", f"--junitxml={report.name}", *files]
        status = subprocess.run(command, cwd=ROOT, env=MANY | os.environ).returncode
        if not Path(report.name).stat().st_size:
            sys.exit(f"The tests did not come to their end (status {status}); {output} is as it was.")
        cases = ElementTree.parse(report.name).iter("testcase")
        outcomes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for case in cases:
            outcome = next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "held")
            name = case.attrib["name"].partition("[")[0].removeprefix("test_").replace("_", " ")
            several = case.find("properties/property[@name='cases']")
            cases_held = 1 if several is None or outcome != "held" else int(several.attrib["value"])
            outcomes[case.attrib["classname"].rpartition(".")[2], name][outcome] += cases_held
    lines = []
    for (file, name), counts in outcomes.items():
        told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        lines.append(f"| `{file}` | {name} | {told} |\n")
    output.write_text(HEAD + "".join(lines), encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main(ROOT / "docs/faults.md"))
