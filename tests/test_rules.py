"""The rules: each is readable alone, and nothing reaches a shell unquoted."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import jobs
from idxpng.run import checks
from idxpng.run.checks import BEGINNINGS, PAGES
from idxpng.run.plan import OUTPUTS
from plans import CHANGED_SETTINGS, Wildcards, plan
from project import PROJECT, git_files

FILES = [PROJECT / "Snakefile", *sorted((PROJECT / "rules").glob("*.smk"))]


def rules_of(path: Path) -> dict[str, str]:
    """The rules in a file, by name."""
    return dict(re.findall(r"^rule (\w+):\n((?:    .*\n|\n)+)", path.read_text(), re.MULTILINE))


RULES = {name: body for path in FILES for name, body in rules_of(path).items()}
WORKING = sorted(name for name, body in RULES.items() if "shell:" in body)
WITH_SCRIPT = sorted({*WORKING} - {"name_labels", "write_settings"})  # for these, the shell's commands are enough

# The paths of each rule's outputs below a dataset's results.
MADE = {
    rule: re.findall('"<results>/{dataset}/([^"]+)"', body.partition("output:")[2].partition("log:")[0])
    for rule, body in RULES.items()
}
PLANNED = {path for paths in OUTPUTS.values() for path in paths}


def test_the_plan_has_each_output_of_a_rule() -> None:
    made = {path for paths in MADE.values() for path in paths if not path.startswith(("idx/", ".settings/"))}
    assert made == PLANNED, "OUTPUTS of plan.py"


def test_the_plan_has_each_rule_that_is_a_target() -> None:
    assert {rule for rule, body in RULES.items() if "    output:" not in body} == {*OUTPUTS, "idx"}, (
        "OUTPUTS of plan.py"
    )


def test_a_run_knows_how_each_file_beside_the_folders_of_results_begins_that_it_would_replace() -> None:
    """`checksums` makes a list of files that is nobody's own."""
    beside = {path for path in PLANNED if "/" not in path} - {"SHA256SUMS"}
    assert BEGINNINGS.keys() == beside, "BEGINNINGS of checks.py"
    assert {*PAGES} == {rule for rule, paths in MADE.items() if not beside.isdisjoint(paths)}, "PAGES of checks.py"


def test_paths_in_results_that_are_no_inputs_are_those_of_the_plan() -> None:
    """Such as the proof that an export removes: under a wrong path, an old one would stay."""
    folders = r'(?:\{plan\.results\}/\{\{dataset\}\}|\{params\.results:q\})/([^\s"]+)'
    named = [
        re.sub(r"\{+(?:\w+\.)?(\w+)(?::q)?\}+", r"{\1}", path) for path in re.findall(folders, "".join(RULES.values()))
    ]
    assert len(named) > 4
    assert [path for path in named if not any(f"{each}/".startswith(f"{path}/") for each in PLANNED)] == []


def test_rules_that_checks_profiles_and_pages_name_exist() -> None:
    """A check passes over jobs of a rule that is not there, and a profile does not group them."""
    profiles = [yaml.safe_load(path.read_text()) for path in (PROJECT / "profiles").glob("*/config.yaml")]
    pages = "".join((PROJECT / name).read_text(encoding="utf-8") for name in git_files() if name.endswith(".md"))
    options = " ".join(re.findall(r"--(?:groups|set-resources) ((?:\w+[:=]\S+\s)+)", pages)).split()
    named = {*checks.RULES, *re.findall(r'rule\.name == "(\w+)"', Path(checks.__file__).read_text())}
    named |= {rule for profile in profiles for rule in profile.get("groups", ())}
    named |= {re.split("[:=]", option)[0].removeprefix("mnist_") for option in options}
    assert {"merge_manifests", "index_shards"} <= named <= RULES.keys()


def test_no_rule_has_a_lambda() -> None:
    assert [path.name for path in FILES if "lambda" in path.read_text()] == []


@pytest.mark.parametrize("rule", WORKING)
def test_every_value_in_a_shell_command_is_quoted(rule: str) -> None:
    command = RULES[rule].partition("shell:")[2]
    values = re.findall(r"\{[^}]*\}", command)
    assert values
    assert [value for value in values if not value.endswith(":q}")] == []


@pytest.mark.parametrize("rule", WITH_SCRIPT)
def test_a_rule_calls_the_script_of_its_name_with_log_and_environment(rule: str) -> None:
    body = RULES[rule]
    name = {"verify_split": "verify"}.get(rule, rule)
    assert re.search(rf'\*\*script\("{name}"|script=script\("{name}"\)', body)
    assert (PROJECT / f"scripts/{name}.py").is_file()
    for directive in ("log:", "benchmark:", "conda:", "resources:", '"""'):
        assert directive in body
    (environment,) = re.findall(r'"\.\./(envs/[\w-]+\.yaml)"', body)
    assert (PROJECT / environment).is_file()


OPTIONS = {rule: re.findall(r"\bplan\.(\w+_options?)", RULES[rule]) for rule in WITH_SCRIPT}


@pytest.mark.parametrize("rule", [rule for rule in WITH_SCRIPT if OPTIONS[rule] and rule != "verify_split"])
def test_a_rule_has_the_settings_on_which_its_options_depend_as_inputs_and_no_more(rule: str) -> None:
    """Except `verify_split`, which runs at each request."""
    (names,) = re.findall(r"settings=settings\.files\((.*)\)", RULES[rule])
    settings = {*re.findall(r"\w+", names)}
    job = Wildcards(dataset="mnist-sample", split="train")
    needed = {
        setting
        for setting, config in CHANGED_SETTINGS
        for option in OPTIONS[rule]
        if getattr(plan(), option)(job) != getattr(plan(**config), option)(job)
    }
    assert "facts" in settings and "limit" in needed
    assert settings & dict(CHANGED_SETTINGS).keys() - {"splits"} == needed, "on splits, inputs depend"
    assert "--settings {input.settings:q}" in RULES[rule]


# Imports a module where some packages are missing.
IMPORT_WITHOUT = """
import importlib, sys
name, *missing = sys.argv[1:]
sys.modules.update(dict.fromkeys(missing))
importlib.import_module(name)
importlib.import_module("idxpng.dataset.file").load("mnist-sample")  # as most scripts do once they run
"""


def packages_of(environment: Path) -> set[str]:
    """The packages of a conda environment, and those that they need, by their normalized names."""
    found: set[str] = set()
    wanted = re.findall(r"- ([\w-]+)==?\d", environment.read_text(encoding="utf-8"))
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name not in found | {"python", "pip"}:
            found.add(name)
            needs = map(Requirement, importlib.metadata.requires(name) or ())
            wanted += [need.name for need in needs if not need.marker or need.marker.evaluate({"extra": ""})]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("rule", WITH_SCRIPT)
def test_the_environment_of_a_rule_has_the_packages_that_its_script_imports(rule: str) -> None:
    (environment,) = re.findall(r'"\.\./(envs/[\w-]+\.yaml)"', RULES[rule])
    (script,) = re.findall(r'script\("(\w+)"', RULES[rule])
    there = packages_of(PROJECT / environment)
    missing = [
        module
        for module, packages in importlib.metadata.packages_distributions().items()
        if module.isidentifier() and not there & {*map(canonicalize_name, packages)}
    ]
    command = [sys.executable, "-c", IMPORT_WITHOUT, script, *missing]
    run = subprocess.run(command, cwd=PROJECT / "scripts", capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_each_rule_that_makes_results_is_tried_on_a_full_disk() -> None:
    faults = (PROJECT / "tests/workflow/test_faults.py").read_text(encoding="utf-8")
    table = faults.partition("ON_A_FULL_DISK = {")[2].partition("}\n\n")[0]
    assert {*re.findall(r'^    "(\w+)": ', table, re.MULTILINE)} == {*WITH_SCRIPT} - {"download"}, "ON_A_FULL_DISK"


def test_the_snakefile_is_a_table_of_contents() -> None:
    assert len((PROJECT / "Snakefile").read_text().splitlines()) <= 80
    included = set(re.findall(r'include: "rules/(\w+)\.smk"', (PROJECT / "Snakefile").read_text()))
    assert included == {path.stem for path in Path(PROJECT / "rules").glob("*.smk")}


def test_the_header_of_the_snakefile_lists_each_rule_that_has_a_script_with_its_file() -> None:
    header = (PROJECT / "Snakefile").read_text().partition('"""\n\n')[0]
    listed = {
        file: {word for word in re.split(", | -> ", names) if word.isidentifier()}
        for file, names in re.findall(r"^rules/(\S+) +([^:\n]+)", header, re.MULTILINE)
    }
    there = {path.name: {*WITH_SCRIPT} & rules_of(path).keys() for path in FILES}
    assert listed == {file: rules for file, rules in there.items() if rules}


def test_the_report_names_each_rule_whose_jobs_it_shows() -> None:
    named = re.findall("``(.*?)``", (PROJECT / "rules/report/workflow.rst").read_text())
    assert {*named} == {*jobs.FILES, *jobs.IMAGES}


def test_the_report_explains_each_category_of_its_results() -> None:
    explained = re.findall(r"^- \*\*(.*?)\*\*:", (PROJECT / "rules/report/workflow.rst").read_text(), re.MULTILINE)
    assert {*explained} == {*re.findall('category="(.*?)"', "".join(RULES.values()))}
