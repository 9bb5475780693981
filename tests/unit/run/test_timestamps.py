from pathlib import Path
from types import SimpleNamespace

from idxpng.run.timestamps import TIMESTAMP, remove_timestamps


class Output(str):
    """An output of a job, with the attributes of Snakemake's."""

    __slots__ = ()
    is_directory = True


def test_only_directories_made_by_the_given_rules_lose_their_timestamp(tmp_path: Path) -> None:
    jobs = []
    for name, snakefile in (("ours", "/x/rules/images.smk"), ("theirs", "/x/Snakefile")):
        (tmp_path / name).mkdir()
        (tmp_path / name / TIMESTAMP).touch()
        rule = SimpleNamespace(snakefile=snakefile)
        jobs.append(SimpleNamespace(rule=rule, output=[Output(name)]))
    jobs.append(SimpleNamespace(rule=jobs[0].rule, output=[Output("missing")]))
    remove_timestamps(jobs, "rules/images.smk", tmp_path)
    assert not (tmp_path / "ours" / TIMESTAMP).exists()
    assert (tmp_path / "theirs" / TIMESTAMP).exists()
