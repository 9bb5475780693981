"""Shared by all rules: the library, the configuration as `plan`, and functions for parameters and resources."""

import os
import re
import sys
from functools import cache
from pathlib import Path

read_binary_files_from_git()
package = Path(project_file("scripts/idxpng/__init__.py")).parent
sys.path.insert(0, str(package.parent))

import idxpng

for file in idxpng.FILES:
    project_file(f"scripts/idxpng/{file}")  # copies it here if the workflow comes over the network

from idxpng.dataset.model import DOWNLOAD_SUFFIXES
from idxpng.dataset.schema import check
from idxpng.dataset.strict_yaml import read_yaml
from idxpng.run.catalog import Catalog
from idxpng.run.checks import check_folder, check_origins, check_spelling, check_variables
from idxpng.run.code_digest import code_digest
from idxpng.run.config import Config
from idxpng.run.facts import Facts
from idxpng.run.jobs import JobResources, prepare_environment
from idxpng.run.plan import Plan
from idxpng.run.settings import Settings
from idxpng.run.targets import Targets
from idxpng.text import NAME


def why_missing(message: str, is_target: bool) -> str:
    """What Snakemake's message on files that nothing makes does not say."""
    return targets.why_missing(message, shipped if is_target and not is_imported() else None)


if is_first_reading:
    show_our_errors_alone(why_missing)

# A config.yaml in the working directory overrides keys of the one here.
config_files = [project_file("config.yaml")]
is_same = os.path.realpath("config.yaml") == os.path.realpath(config_files[0])
if os.path.lexists("config.yaml") and not (is_same or is_imported()):
    config_files.append("config.yaml")

for file in config_files:
    # Snakemake names neither file nor line of a mistake, accepts a key twice, and refuses a file of comments alone.
    keys = read_yaml(file, file) or {}
    check(keys, {"type": "object"}, file)
    if keys:

        configfile: file


keep_timestamps_out_of_images()
leave_updated_files_to_their_job()

check_variables(folder_of_local_copies())
schema = "schemas/config.schema.yaml"
checked_config = Config.read(config, read_yaml(project_file(schema), schema))
# Over the network, they cannot be listed: only those that a run has named are on this disk.
shipped = sorted(path.stem for path in (package.parents[1] / "datasets").glob("*.yaml") if here.is_local)
known = {*shipped, *checked_config.mirrors, *(Path(entry).stem for entry in checked_config.datasets)}
downloads = {f"{path_variable('resources')}/{name}": checked_config.mirrors.get(name, ()) for name in known}
prepare_environment(downloads, call_of_the_user())
catalog = Catalog(checked_config.datasets, project_file, shipped)
for variable in ("results", "resources", "logs", "benchmarks"):
    check_spelling(path_variable(variable), variable)
plan = Plan(checked_config, catalog, path_variable("results"), path_variable("resources"))
check_origins(plan, catalog.configured)
if not is_imported():
    for variable in ("results", "logs", "benchmarks"):
        check_folder(path_variable(variable), variable)
    check_folder(plan.resources, "resources", writable=False)  # complete resources are only read

targets, facts = Targets(plan, asked_targets), Facts(plan)
settings = Settings(plan, facts, run_its_job)
job_resources = JobResources(plan)
# In a job of a cluster, Snakemake runs all steps itself.
on_a_node = runs_for_another()
# What takes less time than a cluster needs to start a job runs where the user starts Snakemake, unless the site forbids it.
steps_on_this_host = on_a_node or not checked_config.on_nodes
digest_of_code = cache(code_digest)


def script(name: str, *parts: str) -> dict:
    """Two parameters of a rule: `script`, a path that triggers no rerun, and `code`, a digest that triggers one.

    `code` covers the script, the modules it imports, and other ``parts`` of the library.
    """
    path = project_file(f"scripts/{name}.py")

    def path_of_script(wildcards) -> str:
        return path

    def code(wildcards) -> str:
        return digest_of_code(path, parts)

    return {"script": untracked(path_of_script), "code": code}


download_suffix = f"({'|'.join(map(re.escape, DOWNLOAD_SUFFIXES))})"


wildcard_constraints:
    dataset=NAME,
    split=NAME,
    label=r"\d+",
    published=rf"[^/]+{download_suffix}",
    shard=r"\d{6}|[1-9]\d{6}\d*",  # Snakemake takes no {6,}
    setting=rf"(?:{NAME}/)?[a-z]+",
    digest=r"[0-9a-f]{16}",
    idx=rf"(?![^/]+{download_suffix}$)[^/]+",
