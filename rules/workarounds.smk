"""Every use of Snakemake's internals, and every change to the process, each in one function.

All are needed with Snakemake 9.27. Each docstring says why, and when the function can go;
tests/workflow/test_workarounds.py tests them.
"""

import atexit
import gc
import os
import re
import sys

from snakemake.logging import logger

here, modifier = workflow.current_basedir, workflow.modifier  # both change when Snakemake reads the next file


def readings_of_this_import() -> list:
    """The modifiers of this reading and of earlier ones: if an import changes a rule, all is read again for it alone.

    Then the new modifier knows no names of other rules. Can go when Snakemake changes the rule that it has.
    """
    names, outer = [], modifier
    while outer:
        names.append(outer.namespace)
        outer = outer.parent_modifier
    readings = vars(workflow).setdefault("idxpng_readings", {}).setdefault(tuple(names), [])
    readings.append(modifier)
    return readings


readings = readings_of_this_import()
is_first_reading = len(readings) == 1


def project_file(path: str) -> str:
    """The local path of one of the project's files; if the workflow comes over the network, of Snakemake's copy.

    `workflow.source_path` copies local files too, and the copy of a script does not find the library.
    Can go when it returns the path of a local file itself.
    """
    if here.is_local:
        return os.path.normpath(here.join(f"../{path}").get_path_or_uri(secret_free=True))
    return workflow.source_path(f"../{path}")


def read_binary_files_from_git() -> None:
    """Have Snakemake copy the sample's gzip files if the workflow is imported from a service such as GitHub.

    Snakemake reads all files of such a repository as text. Can go when it reads bytes.
    """
    import io

    from snakemake.sourcecache import HostingProviderFile

    open_text = HostingProviderFile.open

    def open_any(file):
        try:
            return open_text(file)
        except UnicodeEncodeError:
            show = file.hosted_repo.repo.git.show
            return io.BytesIO(show(f"{file.ref}:{file.path}", stdout_as_string=False, strip_newline_in_stdout=False))

    HostingProviderFile.open = open_any


def is_imported() -> bool:
    """Whether another workflow imports this one: then the command line and working directory belong to that one.

    Can go when Snakemake documents a way to ask.
    """
    return not modifier.is_main_snakefile()


def path_variable(name: str) -> str:
    """The value of a path variable such as `results`, for use outside the paths of rules.

    It has the prefix that a workflow that imports this one may set. Can go when Snakemake documents a way to read it.
    """
    variable = f"<{name}>"
    return modifier.path_modifier.replace_prefix(variable).replace(variable, workflow.pathvars.get(name))


def command_line() -> list[str]:
    """The words of the command line; none if another workflow imports this one.

    A target that is not an output needs a rule of its name, but Snakemake sets the targets only after it has read all
    rules. Can go when `targets` works while the rules are read.
    """
    return [] if is_imported() else sys.argv[1:]


def asked_targets() -> set[str]:
    """The targets of the command line, once Snakemake plans jobs; none for the default target.

    Our targets keep their names if a workflow that imports this one renames them. Its own targets of our names are
    left out.
    Can go when Snakemake documents a way to ask.
    """
    from idxpng.run.plan import OUTPUTS

    ours = {each.avail_rulename(name): name for each in readings for name in OUTPUTS}
    asked = workflow.dag_settings.targets if workflow.dag_settings else ()
    return {ours.get(target, target) for target in asked if target in ours or target not in OUTPUTS}


def runs_for_another() -> bool:
    """Whether this Snakemake runs a job, or a group of jobs, for a different one, such as on a node of a cluster.

    On a node, the Slurm plugin takes 4 s to start another Snakemake for each member of a group whose rule is not local.
    Can go when it does not.
    """
    return not workflow.is_main_process


def call_of_the_user() -> dict | None:
    """How and where the user called Snakemake, see `advice.call`; None if it runs a job for a different Snakemake.

    Can go when Snakemake documents a way to ask.
    """
    from idxpng.advice import call

    if runs_for_another():
        return None
    settings, snakefile = workflow.config_settings, next(workflow.included).get_path_or_uri(secret_free=True)
    kept = {key: value for key, value in settings.config.items() if is_imported() or key in ("pathvars", "splits")}
    config = {key: value for key, value in kept.items() if not re.search(r"://\S*[@?]", str(value))}  # secrets
    options = snakefile, workflow.overwrite_workdir, list(map(str, settings.configfiles))
    return call(workflow.rundir, *options, config, is_imported())


def folder_of_local_copies() -> str:
    """The folder for local copies of files in a storage; Snakemake leaves a variable that is not set in its path.

    Can go when Snakemake refuses such a path.
    """
    return str(workflow.storage_settings.local_storage_prefix) if workflow.storage_settings else ""


def storage() -> str:
    """Where Snakemake stores what it makes, such as `s3://digits`; empty if results are in their folder on this disk.

    Can go when Snakemake documents a way to ask.
    """
    settings = workflow.storage_settings
    return settings.default_storage_prefix if settings and settings.default_storage_provider else ""


def planned_jobs() -> list:
    """All jobs for the targets, finished before or not; none before Snakemake plans jobs.

    Can go when Snakemake documents how `onstart` and `onsuccess` get the jobs.
    """
    return list(workflow.dag.jobs) if getattr(workflow, "dag", None) else []


def jobs_to_run() -> list:
    """The jobs that this run still has to do.

    Can go when Snakemake documents how `onstart` and `onsuccess` get the jobs.
    """
    return list(workflow.dag.needrun_jobs())


def of_this_workflow(jobs: list, rules) -> list:
    """The jobs of this workflow, with the names of its rules here; in an import, only those of some ``rules``.

    Can go when Snakemake documents how `onstart` gets the jobs of a module.
    """
    from types import SimpleNamespace

    if not is_imported():
        return jobs
    names = {each.avail_rulename(name): name for each in readings for name in rules}
    ours = [(SimpleNamespace(name=names[job.rule.name]), job) for job in jobs if job.rule.name in names]
    return [
        SimpleNamespace(rule=named, wildcards=job.wildcards, input=job.input, output=job.output) for named, job in ours
    ]


def call_before_the_first_job(check) -> None:
    """Have a function called when a run starts, after `onstart` of the workflow that imports this one.

    Snakemake ignores `onstart` of a module. Can go when it does not.
    """
    start = workflow._onstart

    def start_and_check(log):
        start(log)
        check()

    workflow._onstart = start_and_check


def run_its_job(path: str) -> None:
    """Have the job that makes ``path`` run, and so the jobs that depend on it. To be called by an input function.

    If a job's outputs exist, Snakemake does not run it again just because one of its inputs is missing.
    Can go when inputs have a flag for that.
    """
    workflow.dag.forcefiles.add(path)


def on_each_request(path: str):
    """An input function without inputs: the job that makes ``path``, with its wildcards, runs whenever that is asked for.

    A parameter that is never the same does not suffice: Snakemake compares parameters only with its own notes, which
    copied results lack, and not with `--rerun-triggers mtime`. Can go when rules have a flag for that.
    """

    def nothing(wildcards) -> list:
        run_its_job(path.format(**wildcards))
        return []

    return nothing


def untracked(parameter):
    """A parameter function whose value triggers no rerun.

    Snakemake does not record the values of functions that also take `output`.
    Can go when Snakemake has a flag for such parameters.
    """

    def value(wildcards, output):
        return parameter(wildcards)

    return value


def show_our_errors_alone(why_missing) -> None:
    """Have Snakemake show an error in the configuration or the data as it is, and say why a file is missing.

    It adds a traceback, also where it lacks a permission, and if a function of a rule raised the error, its wildcards.
    ``why_missing`` gets its message on inputs or a target that nothing makes, and whether it is a target, and returns
    what to add; of a target, it says all.
    Can go when Snakemake has an exception that it shows as it is.
    """
    from idxpng.errors import DataError, permission
    from idxpng.log import described
    from snakemake import exceptions

    text_of = exceptions.format_exception_to_string

    def text_of_any(error, linemaps=None):
        for ours in (error, error.__context__):
            if isinstance(ours, DataError) or (isinstance(ours, OSError) and permission(ours)):
                return described(ours)
        text = text_of(error, linemaps)
        is_target = isinstance(error, exceptions.MissingRuleException) or "" in asked_targets()
        missing = is_target or isinstance(error, exceptions.MissingInputException)
        why = why_missing(str(error), is_target) if missing else ""
        if is_target and why:
            return why.lstrip()
        return text + why

    exceptions.format_exception_to_string = text_of_any


def allow_unlimited_jobs() -> None:
    """Drop Snakemake's default limit of 100 jobs a second for jobs on this machine, unless the command line sets one.

    With a limit, Snakemake looks for jobs after each timespan, as long as any job waits for a core, and waits for the
    last timer before it ends. The profile cannot set this: Snakemake 7 would print its usage in place of our error.
    Can go when no timer starts without it.
    """
    limiter = getattr(workflow.scheduler, "job_rate_limiter", None)
    is_set = any(word.startswith("--max-jobs-per-") for word in sys.argv)
    if limiter and workflow.local_exec and not is_set and (limiter.max_jobs, limiter.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


def show_one_line_of_progress() -> None:
    """Show progress on a terminal in one line, instead of a paragraph for each job.

    Can go when Snakemake has an option for that.
    """
    from idxpng.run.terminal import show_progress

    show_progress(logger.handlers, workflow.output_settings)


def say_why_a_group_failed() -> None:
    """Show why a group of jobs failed, in place of an error without a reason for the group and for each of its jobs.

    Can go when Snakemake's `GroupJob.log_error` shows its message.
    """
    from snakemake.jobs import GroupJob
    from snakemake_interface_logger_plugins.common import LogEvent

    def log_error(group, msg="", aux_logs=(), **facts):
        reason = (msg or "").partition("\n    sbatch call:")[0]  # thousands of characters, which --verbose shows, too
        text = f"{group.groupid}: {reason}"
        if "external_jobid" in facts:  # it was not refused, so its jobs have logs
            errors = [job.get_log_error_info(**facts) for job in group.jobs]
            event = {"event": LogEvent.GROUP_ERROR, "groupid": group.groupid, "job_error_info": errors}
            logger.error(text, extra=event | {"aux_logs": list(aux_logs or ())})
        else:
            logger.error(f"Error in group {text}")

    GroupJob.log_error = log_error


def end_on_sigterm_as_on_ctrl_c() -> None:
    """Have SIGTERM cancel the jobs of a cluster, and end a run at any moment.

    Snakemake waits for its jobs, while a site that shuts down its login host, or ends a job that runs Snakemake, does
    not. And if SIGTERM comes while Snakemake notes that a job has ended, its handler waits forever for the lock that
    Snakemake itself holds. Can go when Snakemake cancels jobs, and its handler takes no lock.
    """
    import signal

    def end(number, frame):
        # An event loop has its own handler, which ends its tasks: an exception could make it lose one, and wait for it.
        on_ctrl_c = signal.getsignal(signal.SIGINT)
        (on_ctrl_c if callable(on_ctrl_c) else signal.default_int_handler)(number, frame)

    signal.signal(signal.SIGTERM, end)


def keep_timestamps_out_of_images() -> None:
    """Leave only images in the directories of images: loaders take Snakemake's hidden file for one.

    The time of the directory itself replaces it. Only an empty directory in a storage has it, since object stores have
    no empty directories. Can go when Snakemake no longer puts a file into output directories.
    """
    from snakemake.io import IOFile

    kind = type(IOFile("any"))
    touch = kind.touch

    def touch_directory(file, times=None):
        of_images = file.is_directory and file.rule and str(file.rule.snakefile).endswith("rules/images.smk")
        if of_images and os.path.isdir(file) and (os.listdir(file) or not file.is_storage):
            os.utime(file, times)
        else:
            touch(file, times)

    kind.touch = touch_directory


def leave_updated_files_to_their_job() -> None:
    """Have Snakemake neither copy nor restore our files that are marked `update`: jobs replace them when complete.

    Of a file that is only in a storage, there is nothing to copy, which Snakemake would take for an error.
    After a failed job, Snakemake restores such a file with a new time and the notes of that job. Then it looks as if
    the job had made it, and the next run does nothing. So the earlier notes stay. Can go when the next run tries again.
    """
    from snakemake.persistence import FileBackupMixin as Files
    from snakemake.persistence import PersistenceBase as Notes

    ours = tuple(os.path.join(os.path.abspath(path_variable(name)), "") for name in ("results", "resources"))
    back_up, restore, finish = Files.backup_output, Files.restore_output, Notes.finished
    failed = set()

    def back_up_others(files, path):
        if os.path.exists(path) and not os.path.abspath(path).startswith(ours):
            back_up(files, path)

    def restore_others(files, path):
        if not os.path.abspath(path).startswith(ours):
            return restore(files, path)
        failed.add(str(path))
        return True

    async def finish_others(notes, job):
        if failed.isdisjoint(job.output):
            await finish(notes, job)
        for output in failed.intersection(job.output):
            notes._unmark_incomplete(notes._get_key(output))
            failed.remove(output)

    Files.backup_output, Files.restore_output, Notes.finished = back_up_others, restore_others, finish_others


@atexit.register
def skip_last_garbage_collection() -> None:
    """Skip the garbage collection at exit, which takes a fifth of a second after Snakemake.

    Can go when it no longer makes a run end sooner.
    """
    gc.freeze()
