"""Each workaround does what it says in the Snakemake that is installed, and that Snakemake still needs it.

A test that fails where it says `still` tells that its workaround can go.
"""

import os
import re
import signal
import sys
from pathlib import Path

import pytest
import yaml

from builders import put
from project import COUNT_TIMERS, PROJECT, Snakemake, on_a_terminal, on_github, run_snakemake, snakemake
from slurm_cluster import wait_for

WORKAROUNDS = PROJECT / "rules/workarounds.smk"
FUNCTIONS = dict(
    re.findall(r'^def (\w+)\([^)]*\)[^\n]*:\n    """(.*?)"""', WORKAROUNDS.read_text(), re.MULTILINE | re.DOTALL)
)
# As in the workflow, the rules find the library.
INCLUDE = f'import sys\nsys.path.insert(0, "{PROJECT}/scripts")\ninclude: "{WORKAROUNDS}"\n'
RULES = """
rule all:
    input:
        "1",
        "2",


rule one:
    output:
        "{number}",
    shell:
        "sleep 0.1; touch {output}"
"""


def run(folder: Path, text: str, *arguments: str, python: str = "") -> str:
    """What a run of a Snakefile prints."""
    (folder / "Snakefile").write_text(text, encoding="utf-8")
    return snakemake(folder, "--cores", "1", *arguments, python=python).output


IMPORT = 'module x:\n    snakefile: "inner.smk"\n\nuse rule * from x as x_*\n'


def imported(folder: Path, text: str, *arguments: str, by: str = IMPORT) -> str:
    """What a run of a workflow prints that imports this Snakefile."""
    (folder / "inner.smk").write_text(text, encoding="utf-8")
    return run(folder, by, *arguments)


def failed(folder: Path, text: str, *targets: str) -> str:
    """What a run of a Snakefile prints that fails, perhaps with a traceback."""
    (folder / "Snakefile").write_text(text, encoding="utf-8")
    ended = run_snakemake(folder, "--cores", "1", *targets)
    assert ended.status == 1
    return ended.output.rstrip()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_workaround_says_when_it_can_go_and_is_tested(name: str) -> None:
    assert "Can go" in FUNCTIONS[name]
    assert name in Path(__file__).read_text(encoding="utf-8").partition("def test_a_workaround")[2]


def test_all_functions_are_found() -> None:
    assert len(FUNCTIONS) == WORKAROUNDS.read_text().count("\ndef ")


def test_no_other_rules_use_internals() -> None:
    internals = re.compile(r"\bworkflow\.(?!rst)|sys\.argv|atexit|\bgc\.|snakemake\.(io|dag|jobs)\b")
    files = [PROJECT / "Snakefile", *sorted((PROJECT / "rules").glob("*.smk"))]
    assert [path.name for path in files if internals.search(path.read_text())] == [WORKAROUNDS.name]


def test_project_file_gives_the_file_in_place_where_source_path_still_copies_it(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    say = 'print("FILE", project_file("config.yaml"))\nprint("COPY", workflow.source_path("data"))\n'
    said = run(tmp_path, INCLUDE + say + RULES, "-n")
    assert f"FILE {PROJECT / 'config.yaml'}\n" in said
    assert f"COPY {tmp_path}" not in said


@pytest.mark.parametrize("with_it", [True, False])
def test_read_binary_files_from_git_copies_bytes_that_snakemake_still_takes_for_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_it: bool
) -> None:
    repository, folder = tmp_path / "repository", tmp_path / "folder"
    put(repository / "data.gz", b"\x1f\x8b\n")
    put(repository / "Snakefile", 'print("BYTES", open(workflow.source_path("data.gz"), "rb").read())\n')
    on_github(repository, tmp_path / "cache", monkeypatch)
    call = "read_binary_files_from_git()\n" if with_it else ""
    module = 'module x:\n    snakefile: github("someone/something", path="Snakefile", branch="main")\n'
    put(folder / "Snakefile", INCLUDE + call + module + "use rule * from x\n")
    ended = run_snakemake(folder, "-n")  # without it, with a traceback
    assert (ended.status == 0) == with_it
    assert (r"BYTES b'\x1f\x8b\n'" in ended.output) == with_it
    assert ("UnicodeEncodeError" in ended.output) != with_it


def test_is_imported_and_command_line_tell_the_main_workflow_from_an_imported_one(tmp_path: Path) -> None:
    inner = INCLUDE + 'print("IMPORTED", is_imported(), command_line())\n' + RULES.partition("\n\nrule one")[0]
    assert "IMPORTED False ['--cores', '1', '--list']" in run(tmp_path, inner, "--list")
    assert "IMPORTED True []" in imported(tmp_path, inner, "--list")


def test_path_variable_is_what_a_path_has(tmp_path: Path) -> None:
    text = 'pathvars:\n    results="out"\n' + INCLUDE + 'print("IS", path_variable("results"))\n'
    said = run(tmp_path, text + RULES.replace('"1"', '"<results>/1"'), "-n")
    assert "IS out\n" in said
    assert "out/1" in said
    outer = IMPORT.replace("\n\n", '\n    prefix: "before"\n\n')
    said = imported(tmp_path, text + RULES.replace('"1"', '"<results>/1"'), "-n", "x_all", by=outer)
    assert "IS before/out\n" in said
    assert "before/out/1" in said


def test_folder_of_local_copies_has_the_variables_that_snakemake_still_leaves_in_it(tmp_path: Path) -> None:
    say = 'print("IS", folder_of_local_copies())\n'
    said = run(tmp_path, INCLUDE + say + RULES, "-n", "--local-storage-prefix", "$HOME/$NOT_SET/x")
    assert f"IS {os.environ['HOME']}/$NOT_SET/x\n" in said


@pytest.mark.parametrize("where", ["here", "function", "start"])
def test_show_our_errors_alone_leaves_out_what_snakemake_still_adds(tmp_path: Path, where: str) -> None:
    say = "from idxpng.errors import DataError\n\ndef fail(wildcards=None):\n    raise DataError('file', 'wrong')\n\n"
    place = {"here": "fail()\n", "function": "", "start": "onstart:\n    fail()\n"}[where]
    rules = RULES.replace('"1",', "fail,", 1) if where == "function" else RULES
    added = failed(tmp_path, INCLUDE + say + place + rules)
    assert "DataError" in added and not added.endswith("file: wrong")
    shown = failed(tmp_path, INCLUDE + "show_our_errors_alone(str)\n" + say + place + rules)
    assert "DataError" not in shown and shown.splitlines()[-1] == "file: wrong"


@pytest.mark.parametrize("place", ["onstart:\n", "def fail(wildcards):\n"])
def test_show_our_errors_alone_says_what_to_do_without_permission(tmp_path: Path, place: str) -> None:
    fail = f"{place}    raise PermissionError(13, 'Permission denied', 'logs')\n"
    rules = RULES.replace('"1",', "fail,", 1) if "fail" in place else RULES
    assert "Error" in failed(tmp_path, INCLUDE + fail + rules)
    shown = failed(tmp_path, INCLUDE + "show_our_errors_alone(str)\n" + fail + rules)
    assert "Error" not in shown and "\nlogs: Permission denied\n  to do:" in shown


def test_show_our_errors_alone_adds_why_an_input_is_missing_and_says_why_a_target_is(tmp_path: Path) -> None:
    why = 'def why(message, is_target):\n    return "\\nBECAUSE" + message.splitlines()[-1]\n\n'
    add = f"{why}show_our_errors_alone(why)\n"
    missing = 'rule train:\n    input:\n        "no/7.png",\n'
    assert failed(tmp_path, INCLUDE + add + missing).endswith("BECAUSE        no/7.png")
    said = failed(tmp_path, INCLUDE + add + missing, "no/8.png")
    assert said.count("No rule to produce no/8.png") == said.count("\nBECAUSENo rule to produce no/8.png") == 1


def test_runs_for_another_tells_the_user_s_snakemake_from_that_of_a_job(tmp_path: Path) -> None:
    say = 'open(str(runs_for_another()), "w").close()\n'
    (tmp_path / "Snakefile").write_text(INCLUDE + say + RULES)
    snakemake(tmp_path, "-n", python=sys.executable)
    assert [(tmp_path / name).exists() for name in ("False", "True")] == [True, False]
    snakemake(tmp_path, *cluster_of_processes(tmp_path), "1", python=sys.executable)
    assert (tmp_path / "True").exists()


def test_targets_are_known_when_jobs_are_planned_and_still_not_when_rules_are_read(tmp_path: Path) -> None:
    ask = '\ndef files(wildcards):\n    print("THEN", asked_targets())\n    return ["1"]\n'
    ask += "\nrule mine:\n    input:\n        files\n"
    said = run(tmp_path, INCLUDE + 'print("NOW", asked_targets())\n' + ask + RULES, "-n", "mine")
    assert "NOW set()" in said
    assert "THEN {'mine'}" in said
    said = imported(tmp_path, INCLUDE + ask.replace("mine", "csv") + RULES, "-n", "x_csv")
    assert "THEN {'csv'}" in said, "whatever the importing workflow calls it"
    makes = INCLUDE + ask.replace("mine", "csv") + '    output:\n        "made"\n' + RULES
    own = 'rule csv:\n    input:\n        "made"\n'
    said = imported(tmp_path, makes, "-n", "csv", by=f"{IMPORT}\n{own}")
    assert "THEN set()" in said, "a rule of the importing workflow has the name of ours"


def test_planned_jobs_are_all_and_jobs_to_run_those_that_are_not_done(tmp_path: Path) -> None:
    say = 'print("NONE", planned_jobs())\nonstart:\n    print("JOBS", len(planned_jobs()), len(list(jobs_to_run())))\n'
    (tmp_path / "1").touch()
    said = run(tmp_path, INCLUDE + say + RULES)
    assert "NONE []" in said
    assert "JOBS 3 2" in said


CHECKED = """
def check():
    print("CHECK", [job.rule.name for job in of_this_workflow(jobs_to_run(), ["csv"])])

call_before_the_first_job(check)

rule csv:
    output:
        "made"
    shell:
        "touch {output}"
"""


def test_a_module_is_called_before_the_first_job_with_its_own_jobs_and_names(tmp_path: Path) -> None:
    own = 'onstart:\n    print("OWN")\n\nrule all:\n    input:\n        "made"\n\n'
    said = imported(tmp_path, INCLUDE + CHECKED, by=own + IMPORT)
    assert said.index("OWN") < said.index("CHECK ['csv']")


def test_readings_of_this_import_are_one_for_each_rule_that_the_importing_workflow_still_reads_it_for(
    tmp_path: Path,
) -> None:
    say = 'print("READ", len(readings), is_first_reading)\n'
    use = 'module MODULE:\n    snakefile: "inner.smk"\n    prefix: "MODULE"\n\nuse rule * from MODULE as MODULE_*\n\n'
    change = "use rule one from x as x_one with:\n    threads: 2\n"
    outer = use.replace("MODULE", "x") + change + use.replace("MODULE", "y")
    said = imported(tmp_path, INCLUDE + say + CHECKED + RULES, "x/made", by=outer)
    assert re.findall("READ.*|CHECK.*", said) == [
        "READ 1 True",
        "READ 2 False",
        "READ 1 True",
        *["CHECK ['csv']"] * 2,
        "CHECK []",
    ]


def test_an_untracked_parameter_makes_no_job_run_again_and_a_tracked_one_does(tmp_path: Path) -> None:
    text = """
def there(wildcards):
    return config["there"]

def what(wildcards):
    return config["what"]

rule one:
    output:
        "1",
    params:
        there=untracked(there),
        what=what,
    shell:
        "echo {params.there} {params.what} > {output}"
"""
    for there, what, again in (("a", "x", True), ("b", "x", False), ("b", "y", True), ("c", "y", False)):
        said = run(tmp_path, INCLUDE + text, "--config", f"there={there}", f"what={what}")
        assert ("Nothing to be done" not in said) == again
    assert (tmp_path / "1").read_text() == "b y\n"


@pytest.mark.parametrize("with_it", [True, False])
def test_run_its_job_makes_a_missing_input_which_snakemake_still_does_not(tmp_path: Path, with_it: bool) -> None:
    text = """
def first(wildcards):
    WITH
    return ["1"]

rule second:
    input:
        first,
    output:
        "2",
    shell:
        "cp 1 2"

rule first:
    output:
        "1",
    shell:
        "echo new > {output}"
""".replace("WITH", 'run_its_job("1")' if with_it else "")
    (tmp_path / "2").write_text("old")
    run(tmp_path, INCLUDE + text)
    assert (tmp_path / "2").read_text().strip() == ("new" if with_it else "old")


@pytest.mark.parametrize("with_it", [True, False])
def test_on_each_request_runs_a_job_that_snakemake_still_takes_for_done(tmp_path: Path, with_it: bool) -> None:
    call = '    input:\n        on_each_request("{number}"),\n' if with_it else ""
    rule = RULES.partition("\n\nrule one:\n")[2]
    options = ("1", "--rerun-triggers", "mtime")
    for again in (False, True):
        said = run(tmp_path, f"{INCLUDE}rule one:\n{call}{rule}", *options)
        assert ("Nothing to be done" in said) == (again and not with_it)


@pytest.mark.parametrize("with_it", [True, False])
def test_allow_unlimited_jobs_starts_no_timer_where_snakemake_still_does(tmp_path: Path, with_it: bool) -> None:
    call = "onstart:\n    allow_unlimited_jobs()\n" if with_it else ""
    run(tmp_path, COUNT_TIMERS + INCLUDE + call + RULES)
    assert (tmp_path / "started").exists() != with_it


@pytest.mark.parametrize("with_it", [True, False])
def test_show_one_line_of_progress_replaces_the_paragraph_that_each_job_still_has(
    tmp_path: Path, with_it: bool
) -> None:
    call = "show_one_line_of_progress()\n" if with_it else ""
    (tmp_path / "Snakefile").write_text(INCLUDE + call + RULES)
    status, lines = on_a_terminal(tmp_path, "--cores", "1")
    assert status == 0
    assert any("rule one" in line for line in lines) != with_it


SUBMIT = 'if [ -e refuse ]; then echo no room; exit 1; fi; sh "$1" > /dev/null 2>&1 & echo $!'
STATUS = 'kill -0 "$1" 2> /dev/null && echo running || { [ -e 1 ] && echo success || echo failed; }'


def cluster_of_processes(folder: Path) -> list[str]:
    """Options for a cluster whose jobs are processes on this machine; it refuses them if a file `refuse` exists."""
    pytest.importorskip("snakemake_executor_plugin_cluster_generic")
    options = ["--executor", "cluster-generic", "--jobs", "2", "--seconds-between-status-checks", "1"]
    for name, command in {"submit": SUBMIT, "status": STATUS, "cancel": 'kill "$@"; touch canceled'}.items():
        (folder / name).write_text(f"#!/bin/sh\n{command}\n")
        (folder / name).chmod(0o755)
        options += [f"--cluster-generic-{name}-cmd", f"./{name}"]
    return options


@pytest.mark.parametrize("with_it", [True, False])
def test_say_why_a_group_failed_shows_the_reason_that_snakemake_still_drops(tmp_path: Path, with_it: bool) -> None:
    (tmp_path / "Snakefile").write_text(INCLUDE + ("say_why_a_group_failed()\n" if with_it else "") + RULES)
    (tmp_path / "refuse").touch()
    groups = ("--groups", "one=group", "--group-components", "group=2", "--retries", "1")
    options = [*cluster_of_processes(tmp_path), *groups]
    said = snakemake(tmp_path, *options, succeed=False, python=sys.executable).output
    assert said.count("no room") == (2 if with_it else 0), "for each attempt"
    assert said.count("Error in rule one") == (0 if with_it else 4)


@pytest.mark.parametrize("with_it", [True, False])
def test_end_on_sigterm_as_on_ctrl_c_cancels_jobs_that_snakemake_still_waits_for(tmp_path: Path, with_it: bool) -> None:
    call = "onstart:\n    end_on_sigterm_as_on_ctrl_c()\n" if with_it else ""
    rules = RULES.replace("sleep 0.1", "touch started; for i in $(seq 200); do [ -e end ] && break; sleep 0.1; done")
    (tmp_path / "Snakefile").write_text(INCLUDE + call + rules)
    # While Snakemake asks for the state of its jobs, it cancels none, so here it asks only before the job starts.
    options = [*cluster_of_processes(tmp_path), "--seconds-between-status-checks", "10" if with_it else "1"]
    process = Snakemake(tmp_path, *options, "1", python=sys.executable)
    wait_for((tmp_path / "started").exists, 60)
    os.kill(process.pid, signal.SIGTERM)
    if not with_it:
        (tmp_path / "end").touch()
    assert process.wait(60) == 1
    assert ((tmp_path / "canceled").exists(), (tmp_path / "1").exists()) == (with_it, not with_it)


SIGTERM_WHILE_A_JOB_ENDS = """
import os, pathlib, signal
from snakemake.logging import logger

def interrupt(record):
    if record.getMessage().startswith("Finished jobid"):
        pathlib.Path("interrupted").touch()
        os.kill(os.getpid(), signal.SIGTERM)
    return True

logger.addFilter(interrupt)
"""


@pytest.mark.parametrize("with_it", [True, False])
def test_end_on_sigterm_as_on_ctrl_c_ends_a_run_that_snakemake_still_hangs_in(tmp_path: Path, with_it: bool) -> None:
    call = "onstart:\n    end_on_sigterm_as_on_ctrl_c()\n" if with_it else ""
    (tmp_path / "Snakefile").write_text(INCLUDE + call + SIGTERM_WHILE_A_JOB_ENDS + RULES)
    process = Snakemake(tmp_path, "--cores", "1")
    wait_for((tmp_path / "interrupted").exists, 60)
    if with_it:
        assert process.wait(60) == 1
    else:
        assert process.poll(3) is None
        os.kill(process.pid, signal.SIGKILL)


SIGTERM_IN_AN_EVENT_LOOP = """
import asyncio, os, signal

async def work():
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
    try:
        await asyncio.sleep(60)
    finally:
        print("TASK ENDED")

end_on_sigterm_as_on_ctrl_c()
runner = asyncio.Runner()
try:
    runner.run(work())
except KeyboardInterrupt:
    print("RUN ENDED")
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of some shells
try:
    os.kill(os.getpid(), signal.SIGTERM)
except KeyboardInterrupt:
    print("ENDED WITHOUT SIGINT")
"""


def test_end_on_sigterm_as_on_ctrl_c_ends_the_tasks_of_an_event_loop(tmp_path: Path) -> None:
    """A task that an exception makes the loop lose never ends, and Snakemake waits for it when it ends itself."""
    said = run(tmp_path, INCLUDE + SIGTERM_IN_AN_EVENT_LOOP + RULES, "-n")
    assert "TASK ENDED\nRUN ENDED\nENDED WITHOUT SIGINT\n" in said


@pytest.mark.parametrize("with_it", [True, False])
def test_keep_timestamps_out_of_images_leaves_no_file_where_snakemake_still_puts_one(
    tmp_path: Path, with_it: bool
) -> None:
    rule = 'rule NAME:\n    output:\n        directory("NAME"),\n    shell:\n        "mkdir {output}"\n'
    put(tmp_path / "rules/images.smk", rule.replace("NAME", "ours"))
    theirs = rule.replace("NAME", "theirs")
    call = "keep_timestamps_out_of_images()\n" if with_it else ""
    run(tmp_path, INCLUDE + call + 'include: "rules/images.smk"\n' + theirs, "ours", "theirs")
    assert (list((tmp_path / "ours").iterdir()) == []) == with_it
    assert list((tmp_path / "theirs").iterdir()) != []


@pytest.mark.parametrize("with_it", [True, False])
def test_leave_updated_files_to_their_job_has_a_failed_job_tried_again_which_snakemake_still_takes_for_done(
    tmp_path: Path, with_it: bool
) -> None:
    call = "leave_updated_files_to_their_job()\n" if with_it else ""
    parts = (
        'rule copy:\n    output:\n        update("results/old"),\n    params:\n        text=config["text"],\n',
        '    shell:\n        "test {params.text} = old && echo old > {output}"\n',
        'rule other:\n    output:\n        "results/other",\n    shell:\n        "sleep 2; touch {output}"\n',
    )
    (tmp_path / "Snakefile").write_text(INCLUDE + call + "".join(parts))
    snakemake(tmp_path, "--cores", "1", "results/old", "--config", "text=old")
    new = ("--cores", "2", "--keep-going", "results/old", "results/other", "--config", "text=new")
    failed = snakemake(tmp_path, *new, succeed=False)
    assert "AssertionError" not in failed.output and (tmp_path / "results/other").exists()
    assert (tmp_path / "results/old").read_text() == "old\n"
    again = snakemake(tmp_path, *new, succeed=not with_it)
    assert ("Nothing to be done" in again.output) != with_it
    assert "incomplete" not in again.output


def test_storage_is_where_snakemake_stores_what_it_makes(tmp_path: Path) -> None:
    say = 'print("IS", [storage()])\n'
    assert "IS ['']" in run(tmp_path, INCLUDE + say + RULES, "-n")
    s3 = ("--default-storage-provider", "s3", "--default-storage-prefix", "s3://digits")
    assert "IS ['s3://digits']" in run(tmp_path, INCLUDE + say + RULES, "--list", *s3, python=sys.executable)


SEVENS = "results/mnist-sample/png/test/7"


def test_no_timestamp_is_left_in_a_working_directory_that_differs_from_where_the_command_was_typed(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "elsewhere"
    command = ["-s", str(PROJECT / "Snakefile"), "--cores", "2", SEVENS, "--directory", str(folder)]
    (tmp_path / "here").mkdir()
    snakemake(tmp_path / "here", *command)
    assert (folder / SEVENS / "000.png").exists()
    assert list(folder.rglob(".snakemake_timestamp")) == []


def test_call_of_the_user_has_the_folder_and_the_options_of_the_command(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    say = 'print("CALL", call_of_the_user())\n'
    said = run(
        tmp_path, INCLUDE + say + RULES, "-n", "--directory", "w", "--config", "pathvars={results: out}", "limit=3"
    )
    assert f"'folder': '{tmp_path}'" in said
    assert "'--directory', 'w'], 'config': ['pathvars={\"results\": \"out\"}'], 'imported': False" in said
    config = "mirrors={mnist: https://me:secret@example.org/}", "epochs=3"
    (call,) = re.findall("CALL .*", imported(tmp_path, INCLUDE + say + RULES, "-n", "--config", *config))
    assert "epochs=3" in call and "secret" not in call


def test_the_default_profile_has_only_options_that_snakemake_7_knows() -> None:
    """An older Snakemake that does not know one prints its usage, and never comes to the version that is needed."""
    profile = yaml.safe_load((PROJECT / "profiles/default/config.yaml").read_text(encoding="utf-8"))
    assert set(profile) <= {"rerun-incomplete", "scheduler"}
    assert 'min_version("9.' in (PROJECT / "Snakefile").read_text(encoding="utf-8").partition("report:")[0]


SAY_AT_EXIT = 'import atexit, gc\natexit.register(lambda: print("FROZEN", gc.get_freeze_count() > 0))\n'


@pytest.mark.parametrize("with_it", [True, False])
def test_skip_last_garbage_collection_leaves_nothing_to_look_through(tmp_path: Path, with_it: bool) -> None:
    (tmp_path / "sitecustomize.py").write_text(SAY_AT_EXIT)
    (tmp_path / "Snakefile").write_text((INCLUDE if with_it else "") + RULES)
    said = snakemake(tmp_path, "-n", PYTHONPATH=str(tmp_path)).output
    assert f"FROZEN {with_it}" in said
