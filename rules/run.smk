"""Checks before the first job, and a summary after the last."""

import os
import time

from snakemake.logging import logger

from idxpng.files.folder_lock import lock_folder
from idxpng.log import output as show
from idxpng.run.checks import RULES, check_folder, check_run, dataset_folders, replaced_originals
from idxpng.run.summary import summary

started = time.monotonic()

for warning in replaced_originals(plan):
    logger.warning(warning)


def check_before_the_first_job() -> None:
    jobs = jobs_to_run()
    for folder in dataset_folders(plan.results, jobs):
        check_folder(folder, "results", writable=False)
        lock_folder(folder)
    for warning in check_run(plan, of_this_workflow(jobs, RULES), asked_targets(), storage()):
        logger.warning(warning)


if not is_imported():
    show_one_line_of_progress()
    say_why_a_group_failed()
elif is_first_reading:
    call_before_the_first_job(check_before_the_first_job)


onstart:
    allow_unlimited_jobs()
    end_on_sigterm_as_on_ctrl_c()
    check_before_the_first_job()


onsuccess:
    # With --touch, files may be missing.
    made = {job.rule.name for job in planned_jobs() if all(map(os.path.exists, job.input))}
    show(summary(plan, made, time.monotonic() - started, storage(), asked_targets()))
