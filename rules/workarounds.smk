"""Every use of Snakemake's internals, and every trick on the process: a function each.

All were needed in Snakemake 9.27. Each says what for, and when it can go; tests/workflow/test_workarounds.py runs it.
"""

import atexit
import gc
import os
import sys
from pathlib import Path

from snakemake.logging import logger

here, modifier = workflow.current_basedir, workflow.modifier  # both change when the next file is read
working_directory = Path.cwd()  # which Snakemake leaves before the process ends


def project_file(path: str) -> str:
    """The local path of one of the project's own files; over the network, of Snakemake's copy of it.

    `workflow.source_path` copies local files too, and a script's copy does not find the library beside it.
    Can go when it gives local files in place.
    """
    if here.is_local:
        return os.path.normpath(here.join(f"../{path}").get_path_or_uri(secret_free=True))
    return workflow.source_path(f"../{path}")


def is_imported() -> bool:
    """Whether another workflow imports this one, and so command line and working directory are for that one.

    Can go when Snakemake documents a way to ask.
    """
    return not modifier.is_main_snakefile()


def path_variable(name: str) -> str:
    """The value of a path variable such as `results`, also for what is not a path of a rule.

    Can go when Snakemake documents a way to read them.
    """
    return workflow.pathvars.get(name)


def command_line() -> list[str]:
    """The words of the command line; none where another workflow imports this one.

    Targets that are no output need a rule of their name, and Snakemake knows the targets only after all rules are read.
    Can go when `targets` works here.
    """
    return [] if is_imported() else sys.argv[1:]


def targets() -> set[str]:
    """The targets of the command line, from when on Snakemake plans jobs; none for the default target.

    Ours have the names that they have here, also where a workflow that imports this one gives them others.
    Can go when Snakemake documents a way to ask.
    """
    from idxpng.run.targets import OUTPUTS

    ours = {modifier.modify_rulename(name): name for name in OUTPUTS}
    asked = workflow.dag_settings.targets if workflow.dag_settings else ()
    return {ours.get(target, target) for target in asked}


def planned_jobs() -> list:
    """All jobs for the targets, whether there is anything to do for them or not; none before Snakemake plans jobs.

    Can go when Snakemake documents what `onstart` and `onsuccess` can ask.
    """
    return list(workflow.dag.jobs) if getattr(workflow, "dag", None) else []


def jobs_to_run() -> list:
    """The jobs of the run that are not finished.

    Can go when Snakemake documents what `onstart` and `onsuccess` can ask.
    """
    return list(workflow.dag.needrun_jobs())


def untracked(parameter):
    """A function that gives a parameter whose change makes no job run again: it has another argument than `wildcards`.

    Can go when Snakemake has a flag for such parameters.
    """

    def value(wildcards, output):
        return parameter(wildcards)

    return value


def allow_unlimited_jobs() -> None:
    """Take jobs per timespan of zero (`profiles/default`) for no limit.

    With a limit Snakemake looks for jobs again after each timespan, all the time that a job waits for a core.
    Can go, with the line of the profile, when no timer starts without it.
    """
    limiter = getattr(workflow.scheduler, "job_rate_limiter", None)
    if limiter and limiter.timespan == 0:
        workflow.scheduler.job_rate_limiter = None


def show_one_line_of_progress() -> None:
    """Show progress on a terminal in one line, in place of a paragraph for each job.

    Can go when Snakemake has an option for that.
    """
    from idxpng.run.terminal import show_progress

    show_progress(logger.handlers, workflow.output_settings)


@atexit.register
def remove_timestamps_of_directories() -> None:
    """Leave nothing but images in the directories of images: loaders stumble over Snakemake's hidden file.

    At exit, since `onsuccess` is not called for a workflow that is imported, or where there is nothing to do.
    Can go when Snakemake puts no file into directories that are outputs.
    """
    from idxpng.run.timestamps import remove_timestamps

    remove_timestamps(planned_jobs(), "rules/images.smk", working_directory)


@atexit.register
def skip_last_garbage_collection() -> None:
    """At exit Python would look through all that Snakemake has loaded once more, for a fifth of a second.

    Can go when a run does not end sooner with it.
    """
    gc.freeze()
