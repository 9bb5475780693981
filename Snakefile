"""IDX archives of the MNIST family -> verified PNG files, one directory per label.

download -> decompress -> validate -> export, one job per label -> manifest
                          validate -> preview
                          validate -> measure, manifest -> describe
                          validate -> parquet, describe -> card, for `publish`
                          validate -> pack -> index_shards, for `webdataset`
                          validate -> verify_split, for `verify`
"""

import sys
import threading
import time
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.27")

# The workflow's own files: where they lie, or as Snakemake's copy when a workflow imports this one over the network.
here = workflow.current_basedir
source = lambda path: (
    here.join(path).get_path_or_uri(secret_free=True) if here.is_local else workflow.source_path(path)
)
package = Path(source("scripts/idxpng/__init__.py")).parent
sys.path.insert(0, str(package.parent))

import idxpng

for module in idxpng.__all__:
    source(f"scripts/idxpng/{module}.py")  # which brings it along over the network

# With each job Snakemake starts a timer of a second, for its limit of jobs per second. No process shall wait for
# the last of them before it ends: least of all one of those that do a single job each, as in a group on Slurm.
threading.Timer.daemon = True

from idxpng import code_digest as digests
from idxpng.config import WorkflowConfig
from idxpng.errors import DataError
from idxpng.space import check_room


def code_digest(script):
    """A digest of the modules behind a script, so that a change of one of them runs its rule again."""
    return digests.code_digest(source(f"scripts/{script}.py"))


configfile: source("config.yaml")


own_config = Path("config.yaml")
if (
    workflow.modifier.is_main_snakefile()
    and own_config.exists()
    and own_config.resolve() != Path(source("config.yaml"))
):

    configfile: "config.yaml"


report: "docs/report/workflow.rst"


try:
    plan = WorkflowConfig(config, source)
except DataError as error:
    raise WorkflowError(str(error))


wildcard_constraints:
    dataset=r"[A-Za-z0-9][A-Za-z0-9_-]*",
    split=r"[A-Za-z0-9][A-Za-z0-9_-]*",
    label=r"\d+",
    published=r"[^/]+\.(gz|xz|plain)",
    shard=r"\d+",
    idx=r"(?![^/]+\.(gz|xz|plain)$)[^/]+",


rule all:
    """Make everything: headers, PNG directories, manifests, previews and overviews of the configured datasets."""
    input:
        plan.expand("<results>/{dataset}/header/{split}.json"),
        plan.expand("<results>/{dataset}/png/{split}/{label}"),
        plan.expand("<results>/{dataset}/manifest/{split}.csv"),
        plan.expand("<results>/{dataset}/preview/{split}.png"),
        plan.expand("<results>/{dataset}/overview.html"),
    localrule: True


rule download:
    """Get a published file from the first mirror that serves the right bytes."""
    output:
        "<resources>/{dataset}/{published}",
    log:
        "<logs>/{dataset}/download/{published}.log",
    benchmark:
        "<benchmarks>/{dataset}/download/{published}.tsv"
    localrule: True  # on a cluster, whose nodes seldom see the internet, it runs on the submitting host
    conda:
        "envs/download.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: plan.mem_mb(wildcards.dataset, attempt),
        runtime=lambda wildcards, attempt: plan.runtime(wildcards.dataset, attempt),
    params:
        file=lambda wildcards: plan.pinned(wildcards.dataset, wildcards.published),
        # Where a file comes from does not change what it is: Snakemake does not compare functions
        # of `output` with those of the last run, so that another mirror downloads nothing anew.
        mirrors=lambda wildcards, output: plan.mirrors(wildcards.dataset, wildcards.published),
        datasets=lambda wildcards, output: str(package.parents[1] / "datasets"),
    script:
        "scripts/download.py"


rule decompress:
    """Decompress a published file to the IDX file in it, if its content is the published one."""
    input:
        lambda wildcards: plan.published(wildcards.dataset, wildcards.idx, "<resources>/{dataset}/{published}"),
    output:
        "<resources>/{dataset}/{idx}",
    log:
        "<logs>/{dataset}/decompress/{idx}.log",
    benchmark:
        "<benchmarks>/{dataset}/decompress/{idx}.tsv"
    localrule: True  # where the download ran: it takes less time than a cluster needs to start a job
    conda:
        "envs/idx.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: plan.mem_mb(wildcards.dataset, attempt),
        runtime=lambda wildcards, attempt: plan.runtime(wildcards.dataset, attempt),
    params:
        file=lambda wildcards: plan.content(wildcards.dataset, wildcards.idx),
        code=code_digest("decompress"),
    script:
        "scripts/decompress.py"


rule validate:
    """Check both IDX files of a split: types, dimensions, lengths, labels, counts, digests."""
    input:
        unpack(lambda wildcards: plan.idx_files(wildcards.dataset, wildcards.split, "<resources>/{dataset}/{idx}")),
    output:
        "<results>/{dataset}/header/{split}.json",
    log:
        "<logs>/{dataset}/validate/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/validate/{split}.tsv"
    localrule: True  # where the download ran: it takes less time than a cluster needs to start a job
    conda:
        "envs/idx.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: plan.mem_mb(wildcards.dataset, attempt),
        runtime=lambda wildcards, attempt: plan.runtime(wildcards.dataset, attempt),
    params:
        expected=lambda wildcards: plan.expected(wildcards.dataset, wildcards.split),
        code=code_digest("validate"),
    script:
        "scripts/validate.py"


rule export:
    """Export the images of one label as PNG files, with a manifest of them."""
    input:
        unpack(lambda wildcards: plan.idx_files(wildcards.dataset, wildcards.split, "<resources>/{dataset}/{idx}")),
        header="<results>/{dataset}/header/{split}.json",
    output:
        png=directory("<results>/{dataset}/png/{split}/{label}"),
        manifest="<results>/{dataset}/manifest/{split}/{label}.csv",
    log:
        "<logs>/{dataset}/export/{split}/{label}.log",
    benchmark:
        "<benchmarks>/{dataset}/export/{split}/{label}.tsv"
    conda:
        "envs/idx.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: plan.mem_mb(wildcards.dataset, attempt),
        runtime=lambda wildcards, attempt: plan.runtime(wildcards.dataset, attempt, plan.label_count(wildcards.dataset)),
    params:
        label=lambda wildcards: plan.label(wildcards.dataset, wildcards.label),
        class_name=lambda wildcards: plan.class_name(wildcards.dataset, wildcards.label),
        reading=lambda wildcards: plan.reading(wildcards.dataset),
        limit=plan.limit,
        code=code_digest("export"),
    script:
        "scripts/export.py"


rule manifest:
    """List all images of a split in the order of the IDX file, with label, class name and digest."""
    input:
        lambda wildcards: plan.expand(
            "<results>/{dataset}/manifest/{split}/{label}.csv",
            wildcards.dataset,
            wildcards.split,
        ),
    output:
        "<results>/{dataset}/manifest/{split}.csv",
    log:
        "<logs>/{dataset}/manifest/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/manifest/{split}.tsv"
    conda:
        "envs/idx.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: plan.mem_mb(wildcards.dataset, attempt),
        runtime=lambda wildcards, attempt: plan.runtime(wildcards.dataset, attempt),
    params:
        code=code_digest("manifest"),
    script:
        "scripts/manifest.py"


rule preview:
    """Show a split at a glance: a row of images for each class, and the first images with their labels."""
    input:
        unpack(lambda wildcards: plan.idx_files(wildcards.dataset, wildcards.split, "<resources>/{dataset}/{idx}")),
        header="<results>/{dataset}/header/{split}.json",
    output:
        sheet=report(
            "<results>/{dataset}/preview/{split}.png",
            caption="docs/report/preview.rst",
            category="Previews",
            labels={"dataset": "{dataset}", "split": "{split}", "picture": "images of each class"},
        ),
        first=report(
            "<results>/{dataset}/preview/{split}/first.png",
            caption="docs/report/first.rst",
            category="Previews",
            labels={"dataset": "{dataset}", "split": "{split}", "picture": "first images"},
        ),
    log:
        "<logs>/{dataset}/preview/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/preview/{split}.tsv"
    priority: -1  # no other job needs it: it is there for the cores that the last steps of the others leave idle
    localrule: True  # as `validate`
    conda:
        "envs/preview.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: plan.mem_mb(wildcards.dataset, attempt),
        runtime=lambda wildcards, attempt: plan.runtime(wildcards.dataset, attempt),
    params:
        classes=lambda wildcards: plan.dataset(wildcards.dataset).classes,
        reading=lambda wildcards: plan.reading(wildcards.dataset),
        limit=plan.limit,
        code=code_digest("preview"),
    script:
        "scripts/preview.py"


rule measure:
    """Measure the images of a split: class counts, mean and standard deviation of pixels, blank images."""
    input:
        unpack(lambda wildcards: plan.idx_files(wildcards.dataset, wildcards.split, "<resources>/{dataset}/{idx}")),
        header="<results>/{dataset}/header/{split}.json",
    output:
        statistics="<results>/{dataset}/statistics/{split}.json",
        plot=report(
            "<results>/{dataset}/statistics/{split}.svg",
            caption="docs/report/histogram.rst",
            category="Histograms",
            labels={"dataset": "{dataset}", "split": "{split}"},
        ),
    log:
        "<logs>/{dataset}/measure/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/measure/{split}.tsv"
    localrule: True  # as `validate`
    conda:
        "envs/measure.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: plan.mem_mb(wildcards.dataset, attempt),
        runtime=lambda wildcards, attempt: plan.runtime(wildcards.dataset, attempt),
    params:
        classes=lambda wildcards: plan.class_names(wildcards.dataset),
        reading=lambda wildcards: plan.reading(wildcards.dataset),
        limit=plan.limit,
        code=code_digest("measure"),
    script:
        "scripts/measure.py"


rule describe:
    """Describe a dataset on one page: licence, files, splits in numbers; and list its duplicate images."""
    input:
        headers=lambda wildcards: plan.expand("<results>/{dataset}/header/{split}.json", wildcards.dataset),
        statistics=lambda wildcards: plan.expand("<results>/{dataset}/statistics/{split}.json", wildcards.dataset),
        manifests=lambda wildcards: plan.expand("<results>/{dataset}/manifest/{split}.csv", wildcards.dataset),
    output:
        page=report(
            "<results>/{dataset}/overview.html",
            caption="docs/report/overview.rst",
            category="Datasets",
            labels={"dataset": "{dataset}"},
        ),
        duplicates="<results>/{dataset}/duplicates.json",
    log:
        "<logs>/{dataset}/describe.log",
    benchmark:
        "<benchmarks>/{dataset}/describe.tsv"
    localrule: True  # as `validate`
    conda:
        "envs/idx.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: plan.mem_mb(wildcards.dataset, attempt),
        runtime=lambda wildcards, attempt: plan.runtime(wildcards.dataset, attempt),
    params:
        splits=lambda wildcards: plan.splits(plan.dataset(wildcards.dataset)),
        about=lambda wildcards: plan.about(wildcards.dataset),
        code=code_digest("describe"),
    script:
        "scripts/describe.py"


rule parquet:
    """Write the images of a split to one Parquet file, as Hugging Face datasets have them."""
    input:
        unpack(lambda wildcards: plan.idx_files(wildcards.dataset, wildcards.split, "<resources>/{dataset}/{idx}")),
        header="<results>/{dataset}/header/{split}.json",
    output:
        "<results>/{dataset}/parquet/{split}.parquet",
    log:
        "<logs>/{dataset}/parquet/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/parquet/{split}.tsv"
    conda:
        "envs/publish.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 500 * attempt,
        runtime=lambda wildcards, attempt: plan.runtime(wildcards.dataset, attempt),
    params:
        classes=lambda wildcards: plan.class_names(wildcards.dataset),
        reading=lambda wildcards: plan.reading(wildcards.dataset),
        limit=plan.limit,
        code=code_digest("parquet"),
    script:
        "scripts/parquet.py"


rule card:
    """Write dataset card, Croissant metadata, licence and citation of a dataset, for others' tools."""
    input:
        parquet=lambda wildcards: plan.expand("<results>/{dataset}/parquet/{split}.parquet", wildcards.dataset),
        overview="<results>/{dataset}/overview.html",
    output:
        "<results>/{dataset}/README.md",
        "<results>/{dataset}/croissant.json",
        "<results>/{dataset}/LICENSE",
        "<results>/{dataset}/CITATION",
    log:
        "<logs>/{dataset}/card.log",
    benchmark:
        "<benchmarks>/{dataset}/card.tsv"
    conda:
        "envs/publish.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 500 * attempt,
        runtime=lambda wildcards, attempt: plan.runtime(wildcards.dataset, attempt),
    params:
        splits=lambda wildcards: plan.splits(plan.dataset(wildcards.dataset)),
        about=lambda wildcards: plan.about(wildcards.dataset),
        code=code_digest("card"),
    script:
        "scripts/card.py"


rule publish:
    """Make all that `all` makes, and each dataset's folder one that others' tools load as it is."""
    input:
        rules.all.input,
        plan.expand("<results>/{dataset}/README.md"),
    localrule: True


rule verify:
    """Prove that the PNG files of the configured datasets are the published images, whoever made them."""
    input:
        plan.expand("<results>/{dataset}/verify/{split}.json"),
    localrule: True


rule verify_split:
    """Rebuild the IDX files of a split from its PNG files alone, and compare digests. Changes no PNG file."""
    input:
        # Not the PNG files: Snakemake would make what it misses of them, and there would be nothing left to find.
        unpack(lambda wildcards: plan.idx_files(wildcards.dataset, wildcards.split, "<resources>/{dataset}/{idx}")),
        header="<results>/{dataset}/header/{split}.json",
    output:
        "<results>/{dataset}/verify/{split}.json",
    log:
        "<logs>/{dataset}/verify/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/verify/{split}.tsv"
    conda:
        "envs/verify.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: plan.mem_mb(wildcards.dataset, attempt),
        runtime=lambda wildcards, attempt: plan.runtime(wildcards.dataset, attempt),
    params:
        verifying=lambda wildcards: plan.verifying(wildcards.dataset),
        reading=lambda wildcards: plan.reading(wildcards.dataset),
        # Never the same, so that it is done whenever it is asked for: an edited PNG file is nothing that Snakemake sees.
        asked=time.time(),
    script:
        "scripts/verify.py"


rule webdataset:
    """Make shards instead of single files: tar archives of the configured datasets, with an index of each split."""
    input:
        plan.expand("<results>/{dataset}/webdataset/{split}.json"),
        plan.expand("<results>/{dataset}/webdataset/{split}-{shard}.tar"),
    localrule: True


rule pack:
    """Pack images of a split into one shard in the WebDataset convention, straight from the IDX files."""
    input:
        unpack(lambda wildcards: plan.idx_files(wildcards.dataset, wildcards.split, "<resources>/{dataset}/{idx}")),
        header="<results>/{dataset}/header/{split}.json",
    output:
        "<results>/{dataset}/webdataset/{split}-{shard}.tar",
    log:
        "<logs>/{dataset}/pack/{split}-{shard}.log",
    benchmark:
        "<benchmarks>/{dataset}/pack/{split}-{shard}.tsv"
    conda:
        "envs/pack.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: plan.mem_mb(wildcards.dataset, attempt),
        runtime=lambda wildcards, attempt: plan.runtime(wildcards.dataset, attempt),
    params:
        packing=lambda wildcards: plan.packing(wildcards.dataset),
        reading=lambda wildcards: plan.reading(wildcards.dataset),
        code=code_digest("pack"),
    script:
        "scripts/pack.py"


rule index_shards:
    """List the shards of a split with their counts and digests."""
    input:
        lambda wildcards: plan.expand(
            "<results>/{dataset}/webdataset/{split}-{shard}.tar",
            wildcards.dataset,
            wildcards.split,
        ),
    output:
        "<results>/{dataset}/webdataset/{split}.json",
    log:
        "<logs>/{dataset}/index_shards/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/index_shards/{split}.tsv"
    conda:
        "envs/idx.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: plan.mem_mb(wildcards.dataset, attempt),
        runtime=lambda wildcards, attempt: plan.runtime(wildcards.dataset, attempt),
    params:
        indexing=lambda wildcards: plan.indexing(wildcards.dataset, wildcards.split),
        code=code_digest("index_shards"),
    script:
        "scripts/index_shards.py"


onstart:
    try:
        # All exports together, before the first of them: each by itself sees only its own label.
        check_room(workflow.pathvars.get("results"), plan.export_count(workflow.dag.needrun_jobs()))
    except DataError as error:
        raise WorkflowError(str(error))


onsuccess:
    if any(job.rule.name in ("all", "publish") for job in workflow.dag.jobs):
        print(plan.summary(workflow.pathvars.get("results")))
