"""What depends on the run as a whole: what else the same command asks for, and what comes before and after its jobs."""

import atexit
import gc

from snakemake.logging import logger

from idxpng.run.checks import check_run
from idxpng.run.summary import last_words
from idxpng.run.targets import EVERYTHING
from idxpng.run.terminal import show_progress
from idxpng.run.timestamps import remove_timestamps

if workflow.modifier.is_main_snakefile():
    show_progress(logger.handlers, workflow.output_settings)

MADE_BY = {
    "all": EVERYTHING,
    "publish": (*EVERYTHING, "README.md"),
    "webdataset": ("webdataset/{split}.json",),
    "archive": ("archive/{split}.tar",),
    "npz": ("npz/{dataset}.npz",),
    "csv": ("csv/{split}.csv",),
}


def asked_for_too(wildcards) -> list[str]:
    """What the same command asks for of a dataset, so that a list of it is made after it."""
    targets = workflow.dag_settings.targets if workflow.dag_settings else []
    patterns = [pattern for target in targets for pattern in MADE_BY.get(target, ())]
    return [path for pattern in patterns for path in plan.expand(f"<results>/{{dataset}}/{pattern}", wildcards.dataset)]


def originals(wildcards, output) -> list[str]:
    """Options that name the IDX files of a split, if they are here: to name an image that differs."""
    folder = workflow.pathvars.get("resources")
    files = {role: path.replace("<resources>", folder) for role, path in plan.idx_files(wildcards).items()}
    if not all(os.path.exists(path) for path in files.values()):
        return []
    return [word for role, path in files.items() for word in (f"--{role}", path)]


def other_columns(wildcards, output) -> list[str]:
    """The option that names the manifest, for labels of more columns than directories can tell."""
    several = len(plan.catalog.dataset(wildcards.dataset).label_columns) > 1
    return ["--manifest", f"{results}/{wildcards.dataset}/manifest/{wildcards.split}.csv"] if several else []


def made_in_this_run(wildcards) -> list[str]:
    """The images, where the same command asks for them too. Alone, it must not make what it is to miss."""
    targets = workflow.dag_settings.targets if workflow.dag_settings else []
    if all(target == "verify" or "/verify/" in target for target in targets):
        return []
    return plan.expand("<results>/{dataset}/png/{split}/{label}", wildcards.dataset, wildcards.split)


def png_of_split(wildcards, output) -> str:
    """The folder of a split's label directories, beside the manifests."""
    return str(Path(output[0]).parents[1] / "png" / wildcards.split)


def unlimited_jobs() -> None:
    """Take jobs per timespan of zero (`profiles/default`) for no limit.

    Snakemake 9.27 starts a timer of the timespan, and looks for jobs again when it ends, all the time that a job waits
    for a core. Delete this, its call, and the line of the profile when it waits without a timer.
    """
    limiter = getattr(workflow.scheduler, "job_rate_limiter", None)
    if limiter and limiter.timespan == 0:
        workflow.scheduler.job_rate_limiter = None


def before_the_first_job() -> None:
    """Refuse a run whose results do not belong or do not fit into their folder."""
    unlimited_jobs()
    try:
        for words in check_run(plan, results, workflow.dag.needrun_jobs()):
            logger.warning(words)
    except DataError as error:
        raise WorkflowError(str(error))


def rules_of_this_run() -> set[str]:
    return {job.rule.name for job in workflow.dag.jobs}


@atexit.register
def after_the_last_job() -> None:
    """Leave nothing but images in the directories of images, also for a workflow that imports this one."""
    if getattr(workflow, "dag", None):
        remove_timestamps(workflow.dag.jobs, "rules/images.smk")
    gc.freeze()  # Python would look through all that Snakemake has loaded once more, for a fifth of a second
