"""`verify` as people ask for it: a proof each time, or the files that are wrong and the command that repairs them."""

from pathlib import Path

from PIL import Image

from project import copy_project, files, snakemake


def swap_a_pixel(path: Path) -> None:
    image = Image.open(path)
    pixel = image.getpixel((0, 0))
    assert isinstance(pixel, int)
    image.putpixel((0, 0), pixel ^ 1)
    image.save(path)


def test_the_workflow_verifies_whenever_it_is_asked_and_its_repair_works(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    snakemake(project, "--cores", "2", "all")
    before = files(project / "results")
    for _ in range(2):
        assert snakemake(project, "--cores", "2", "verify").jobs == {"verify_split": 2, "verify": 1}
    (project / "results/mnist-sample/png/train/3/007.png").unlink()
    swap_a_pixel(project / "results/mnist-sample/png/test/7/000.png")
    assert "Nothing to be done" in snakemake(project, "-n", "all").output, "Snakemake itself sees nothing"
    run = snakemake(project, "--cores", "2", "--keep-going", "verify", succeed=False)
    commands = [line.partition("to do:")[2].split()[1:] for line in run.output.splitlines() if "to do:" in line]
    assert len(commands) == 2
    for command in commands:
        jobs = snakemake(project, *command).jobs
        assert jobs["export"] == 1
        assert "download" not in jobs
    snakemake(project, "--cores", "2", "verify")
    after = files(project / "results")
    assert {path: after[path] for path in before} == before
