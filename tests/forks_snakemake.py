"""Run Snakemake for the tests as often as a line of standard input asks for it, and answer with its process ID.

Each run is a process of its own, forked after the imports, which take longer than most of the runs. Its exit status is
the answer to a line that asks for it; null when it goes on for longer than the line says.
"""

import gc
import json
import os
import runpy
import signal
import sys
import time
from typing import Any

import jsonschema  # noqa: F401 # as all runs import it
import smart_open  # noqa: F401 # as all runs import it
import snakemake.cli
import snakemake.workflow


def become(run: dict[str, Any]) -> None:
    """Make this process what `python -m snakemake` would be in that folder, with these arguments and variables."""
    output = os.open(run["output"], os.O_RDWR | os.O_APPEND)
    if os.isatty(output):
        os.login_tty(output)  # makes a session, too
    else:
        os.setsid()  # so that a signal can reach it with its jobs, and nothing else
        for descriptor, opened in enumerate((os.open(os.devnull, os.O_RDONLY), output, output)):
            os.dup2(opened, descriptor)
    os.chdir(run["folder"])
    os.environ.clear()
    os.environ.update(run["environment"])
    sys.path[0] = run["folder"]
    snakemake.workflow.Workflow.rundir = run["folder"]  # otherwise the one of the import
    sys.argv = [snakemake.cli.__file__, *run["arguments"]]
    sys.orig_argv = [sys.executable, "-m", "snakemake", *run["arguments"]]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which the background jobs of a shell ignore
    signal.alarm(600)


def wait(pid: int, seconds: float) -> int | None:
    """The exit status of a run when it has ended; None if it goes on for so long."""
    end = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= end:
            return None
        time.sleep(0.002)


snakemake.cli.get_argument_parser()  # imports the plugins, too
gc.freeze()  # otherwise each run would look through all of that, and so copy it
for line in sys.stdin:
    question = json.loads(line)
    if "wait" in question:
        print(json.dumps(wait(question["wait"], question["seconds"])), flush=True)
    elif not os.fork():
        with os.fdopen(os.dup(1), "w") as answer:  # once signals reach it, and it has its terminal
            print(os.getpid(), file=answer)
            become(question)
        runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
        sys.exit()
