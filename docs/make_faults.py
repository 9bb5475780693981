"""Write faults.md: run the tests that do harm to the workflow, and list what became of each fault.

FAULT_MOMENTS=30 in the environment kills at 30 moments instead of 10.
"""

import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[1]
TESTS = ("faults", "hostile", "verify")


def main(output: Path) -> int:
    """Make the table ``output`` and return the exit status of the tests."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        files = [f"tests/test_{name}.py" for name in TESTS]
        command = [sys.executable, "-m", "pytest", "--quiet", f"--junitxml={report.name}", *files]
        status = subprocess.run(command, cwd=ROOT).returncode  # noqa: S603, as it is our own
        cases = ElementTree.parse(report.name).iter("testcase")  # noqa: S314, as pytest wrote it
        outcomes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for case in cases:
            outcome = next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "held")
            name = case.attrib["name"].partition("[")[0].removeprefix("test_").replace("_", " ")
            outcomes[case.attrib["classname"].rpartition(".")[2], name][outcome] += 1
    lines = ["# Faults and what became of them", "", "Made by `python docs/make_faults.py`.", ""]
    lines += ["| tests | what must hold | cases |", "|---|---|---|"]
    for (file, name), counts in outcomes.items():
        told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        lines.append(f"| `{file}` | {name} | {told} |")
    output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main(ROOT / "docs/faults.md"))
