"""Names, links, tables, and messages in README and docs match the project."""

import re
from importlib.metadata import files as files_of_package
from pathlib import Path

import pytest
import yaml

import make_pages
from idxpng.dataset.file import load
from idxpng.fetch.patience import PATIENT, QUICK, WORTH
from project import DOCS, PAGES, PROJECT, blocks, git_files, run_script

README = PAGES[0].read_text(encoding="utf-8")
LINKED = [PROJECT / name for name in git_files() if name.endswith(".md")]
# Code of test modules that cause faults: killed processes, full disks, planted or damaged files, misbehaving servers.
FAULTS = r'Misbehavior|SIGKILL|SIGTERM|\.kill\(|"mount"|RLIMIT|mkfifo|bomb|\bmutated\(|\bdamaged\b.*:$'


def text_of(folder: str, pattern: str) -> str:
    """The text of all files in a folder that match a pattern."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted((PROJECT / folder).rglob(pattern)))


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 160
    assert len(README.split()) <= 1100


def test_generated_tables_are_up_to_date() -> None:
    for path, content in make_pages.main().items():
        shown = (PROJECT / path).read_text(encoding="utf-8")
        assert shown == content, f"{path} is out of date: python tools/make_pages.py"


def test_dataset_files_shown_follow_the_schema(tmp_path: Path) -> None:
    schema = yaml.safe_load((PROJECT / "schemas/dataset.schema.yaml").read_text())
    shown = [block for page in PAGES for block in blocks(page, "yaml")]
    assert shown
    for block in shown:
        (tmp_path / "shapes.yaml").write_text(block)
        load(tmp_path / "shapes.yaml", schema)


def test_every_dataset_is_in_the_readme_with_its_number_of_images() -> None:
    table = README.partition("| name | images | what |")[2].partition("\n\n")[0]
    shown: dict[str, str] = {}
    for names, numbers in re.findall(r"^\| (`[^|]+) \| ([\d,; ]+) \|", table, re.MULTILINE):
        listed, counts = re.findall(r"`([\w-]+)`", names), numbers.split("; ")
        shown |= dict(zip(listed, counts * (len(listed) // len(counts)), strict=True))
    shipped = {path.stem: yaml.safe_load(path.read_text()) for path in (PROJECT / "datasets").glob("*.yaml")}
    assert shown == {
        name: f"{sum(split.get('count', 0) for split in facts['splits'].values()):,}" for name, facts in shipped.items()
    }


def anchors(page: Path) -> set[str]:
    """The anchors that a Markdown page has on GitHub."""
    titles = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S), re.MULTILINE)
    plain = (re.sub(r"\[(.*?)\]\(.*?\)", r"\1", title).lower() for title in titles)
    return {re.sub(r"[^\w -]", "", title).replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", LINKED, ids=lambda path: path.name)
def test_the_targets_of_links_exist(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:\s]*)(?:#([^)\s]*))?\)", page.read_text(encoding="utf-8")):
        linked = (page.parent / target).resolve() if target else page
        assert linked.exists(), target
        assert not anchor or linked.suffix != ".md" or anchor in anchors(linked), f"{target}#{anchor}"


def test_every_page_of_the_docs_is_reachable_from_the_readme() -> None:
    for page in DOCS:
        assert f"(docs/{page.name}" in README, page


def test_files_named_in_pages_comments_and_descriptions_exist() -> None:
    """Checks paths, with wildcards or without, and in pages modules named without their folder."""
    ours = git_files()
    folders = "|".join(sorted({re.escape(name.split("/")[0]) for name in ours if "/" in name}))
    for name in ours:
        if name.startswith("tests/") or name.endswith((".gz", ".png")):
            continue
        text = (PROJECT / name).read_text(encoding="utf-8").replace("\\_", "_")
        for path in re.findall(rf"(?<![\w/.-])(?:{folders})/[\w./*-]*\w(?![\w{{/*])", text):
            assert list(PROJECT.glob(path)), f"{name}: {path}"
        for module in re.findall(r"(?<![\w/.}-])\w+\.(?:py|smk)\b", text) if name.endswith(".md") else ():
            assert any(Path(path).name == module for path in ours), f"{name}: {module}"


def test_functions_and_tests_named_in_pages_exist() -> None:
    code = text_of("scripts", "*.py") + text_of("rules", "*.smk")
    tests = text_of("tests", "*.py")
    text = "".join(page.read_text(encoding="utf-8") for page in LINKED)
    for name in re.findall(r"`(?:\w+\.)*(\w+)\(\)`", text):
        assert re.search(rf"def {name}\b", code), name
    for name in re.findall(r"\btest_\w+\b(?!\.py)", text):
        assert f"def {name}(" in tests or list((PROJECT / "tests").rglob(f"{name}.py")), name


def test_the_page_on_mirrors_says_how_long_a_server_may_take() -> None:
    page = (PROJECT / "docs/mirrors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?:quick|patient).*", page, re.MULTILINE)
    found = [[float(number) for number in re.findall(r"(\d[\d.]*) (?:s|min|KB/s)\b", row)] for row in rows]
    quick, patient = ([each.connect, each.answer, each.rate / 1000] for each in (QUICK, PATIENT))
    assert found == [[*quick, WORTH], [patient[0], patient[1] / 60, patient[2]]]


def test_every_module_that_causes_faults_is_in_the_table_of_faults() -> None:
    table = (PROJECT / "docs/faults.md").read_text(encoding="utf-8")
    modules = (PROJECT / "tests").rglob("test_*.py")
    causing_faults = {path.stem for path in modules if re.search(FAULTS, path.read_text(), re.MULTILINE)} - {
        Path(__file__).stem
    }
    assert len(causing_faults) > 10
    assert causing_faults <= set(re.findall(r"\[(test_\w+)\]", table))


def test_messages_in_the_table_of_errors_are_in_the_code() -> None:
    page = (PROJECT / "docs/errors.md").read_text(encoding="utf-8")
    column = "".join(re.findall(r"^\| (`.*?) \|", page, re.MULTILINE))
    of_snakemake = [path for path in files_of_package("snakemake") or [] if path.name in ("exceptions.py", "dag.py")]
    code = "".join([text_of("scripts", "*.py"), *(path.read_text() for path in of_snakemake)])
    messages = re.findall(r"`(.+?)`", column)
    assert len(messages) > 5
    for message in messages:
        assert message in code, f"docs/errors.md has a message that nothing prints: {message}"


def test_the_example_on_the_page_of_errors_is_printed_as_shown(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello\n")
    run = run_script("show", "notes.txt", cwd=tmp_path)
    assert run.returncode == 1
    assert [run.stderr] == blocks(PROJECT / "docs/errors.md", "text")
