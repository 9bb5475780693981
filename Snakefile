"""IDX archives of the MNIST family -> verified PNG files, one directory per label.

rules/idx.smk      download -> decompress -> validate: the published IDX files, proven
rules/images.smk   export, one job per label -> merge_manifests
rules/views.smk    preview, measure -> find_duplicates -> make_page: what a person looks at
rules/publish.smk  write_parquet -> write_card: what other people's tools load
rules/shards.smk   pack -> index_shards: tar archives in place of single files
rules/formats.smk  archive_split, save_npz, write_csv, list_digests: other forms, and a list to check any of it by
rules/build.smk    build_idx -> write_dataset: the way back, from images of one's own to IDX files
rules/verify.smk   verify_split: the PNG files are the published images
"""

import time

from snakemake.utils import min_version

min_version("9.27")

STARTED = time.monotonic()


report: "rules/report/workflow.rst"


include: "rules/common.smk"
include: "rules/run.smk"


rule all:
    """Make everything for the configured datasets: headers, PNG directories, manifests, previews, and pages."""
    input:
        plan.expand("<results>/{dataset}/header/{split}.json"),
        plan.expand("<results>/{dataset}/png/{split}/{label}"),
        plan.expand("<results>/{dataset}/manifest/{split}.csv"),
        plan.expand("<results>/{dataset}/preview/{split}.png"),
        plan.expand("<results>/{dataset}/index.html"),
    localrule: True


rule publish:
    """Make all that `all` makes, plus Parquet files, a dataset card, and Croissant metadata for other tools."""
    input:
        rules.all.input,
        plan.expand("<results>/{dataset}/README.md"),
    localrule: True


rule webdataset:
    """Pack the configured datasets into shards (tar files) instead of single files, with an index of each split."""
    input:
        plan.expand("<results>/{dataset}/webdataset/{split}.json"),
        plan.expand("<results>/{dataset}/webdataset/{split}-{shard}.tar"),
    localrule: True


rule verify:
    """Prove that the PNG files of the configured datasets are the published images, whichever program made them."""
    input:
        plan.expand("<results>/{dataset}/verify/{split}.json"),
    localrule: True


include: "rules/build.smk"
include: "rules/folders.smk"
include: "rules/formats.smk"
include: "rules/idx.smk"
include: "rules/images.smk"
include: "rules/views.smk"
include: "rules/publish.smk"
include: "rules/shards.smk"
include: "rules/verify.smk"


onstart:
    before_the_first_job()


onsuccess:
    print(last_words(plan, rules_of_this_run(), results, resources, time.monotonic() - STARTED))
