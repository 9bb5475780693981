"""Run Snakemake for the tests as often as a line of standard input asks for it, and answer with its exit status.

Each run is a process of its own, forked after the imports, which take longer than most of the runs.
"""

import gc
import json
import os
import runpy
import signal
import sys
from typing import Any

import jsonschema  # noqa: F401 # as all runs import it
import smart_open  # noqa: F401 # as all runs import it
import snakemake.cli
import snakemake.workflow


def become(run: dict[str, Any]) -> None:
    """Make this process what `python -m snakemake` would be in that folder, with these arguments and variables."""
    for descriptor, path in enumerate((os.devnull, run["output"], run["output"])):
        opened = os.open(path, os.O_RDWR | os.O_APPEND)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(run["folder"])
    os.environ.clear()
    os.environ.update(run["environment"])
    sys.path[0] = run["folder"]
    snakemake.workflow.Workflow.rundir = run["folder"]  # otherwise the one of the import
    sys.argv = [snakemake.cli.__file__, *run["arguments"]]
    sys.orig_argv = [sys.executable, "-m", "snakemake", *run["arguments"]]
    signal.alarm(600)


snakemake.cli.get_argument_parser()  # imports the plugins, too
gc.freeze()  # otherwise each run would look through all of that, and so copy it
for line in sys.stdin:
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    else:
        become(json.loads(line))
        runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
        sys.exit()
