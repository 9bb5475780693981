"""What all rules share: the project's own files, the checked configuration as `plan`, and what each job asks for."""

import os
import sys
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError

here = workflow.current_basedir


def source(path: str) -> str:
    """Where one of the project's own files lies: in place, or Snakemake's copy of it when imported over the network."""
    if here.is_local:
        return os.path.normpath(here.join(f"../{path}").get_path_or_uri(secret_free=True))
    return workflow.source_path(f"../{path}")


package = Path(source("scripts/idxpng/__init__.py")).parent
sys.path.insert(0, str(package.parent))

import idxpng

for file in idxpng.FILES:
    source(f"scripts/idxpng/{file}")  # which brings it along over the network

from idxpng.run import job_environment
from idxpng.run.catalog import Catalog
from idxpng.run.code_digest import code_digest
from idxpng.run.config import Config
from idxpng.dataset.strict_yaml import read_yaml
from idxpng.errors import DataError
from idxpng.run.plan import Plan
from idxpng.run.job_resources import JobResources
from idxpng.run.checks import check_folder
from idxpng.run.targets import folder_targets


configfile: source("config.yaml")


# A folder of results may have a configuration of its own, on top of the one here.
own_config = Path("config.yaml")
if (
    workflow.modifier.is_main_snakefile()
    and own_config.exists()
    and own_config.resolve() != Path(source("config.yaml")).resolve()
):

    configfile: "config.yaml"


results, resources = (workflow.pathvars.get(name) for name in ("results", "resources"))

try:
    schema = "schemas/config.schema.yaml"
    asked = Config.read(config, read_yaml(source(schema), schema))
    shipped = sorted(path.stem for path in (package.parents[1] / "datasets").glob("*.yaml"))
    plan = Plan(asked, Catalog(asked.datasets, source, shipped))
    if workflow.modifier.is_main_snakefile():
        check_folder(results, "results")
        check_folder(resources, "resources")
    folders = folder_targets(plan, sys.argv[1:], results) if workflow.modifier.is_main_snakefile() else {}
except DataError as error:
    raise WorkflowError(str(error))

job_environment.prepare(asked.mirrors)


def script(name: str):
    """A function that gives the path of a script: one of `output`, since a copy elsewhere makes no job run again."""
    path = source(f"scripts/{name}.py")

    def path_of_script(wildcards, output) -> str:
        return path

    return path_of_script


def code(name: str, *parts: str):
    """A function that gives a digest of a script and of all behind it, whose change makes its rule run again."""
    path = source(f"scripts/{name}.py")

    @cache
    def digest() -> str:
        return code_digest(path, parts)

    def digest_of_code(wildcards) -> str:
        return digest()

    return digest_of_code


wildcard_constraints:
    dataset=r"[A-Za-z0-9][A-Za-z0-9_-]*",
    split=r"[A-Za-z0-9][A-Za-z0-9_-]*",
    label=r"\d+",
    published=r"[^/]+\.(gz|xz|plain)",
    shard=r"\d+",
    idx=r"(?![^/]+\.(gz|xz|plain)$)[^/]+",


asks = JobResources(plan.catalog)
