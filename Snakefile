"""IDX archives of the MNIST family -> verified PNG files, one directory per label.

rules/idx.smk      download -> decompress -> validate: the published IDX files, checked
rules/images.smk   export, one job per label -> merge_manifests
rules/views.smk    preview, measure -> find_duplicates -> make_page: pictures, numbers, and a page to browse
rules/publish.smk  write_parquet -> write_card: files for other tools
rules/shards.smk   pack -> index_shards: tar archives instead of single files
rules/formats.smk  archive_split, save_npz, write_csv, list_digests: other formats, and a list of digests
rules/build.smk    build_idx -> write_dataset: the way back, from your own images to IDX files
rules/verify.smk   verify_split: the PNG files are the published images
"""

from snakemake.utils import min_version

min_version("9.27")


report: "rules/report/workflow.rst"


# The rules use these names:
#   plan           which files a rule makes, from which inputs, with which options: scripts/idxpng/run/plan.py
#   targets        what the command asks for: scripts/idxpng/run/targets.py
#   facts          facts whose change makes a job run again: scripts/idxpng/run/facts.py
#   job_resources  memory and time of a job
#   script         the parameters of each rule with a script (common.smk)
#   settings       the files with the settings that a job's results depend on: scripts/idxpng/run/settings.py
#   untracked      marks a parameter whose change triggers no rerun (workarounds.smk)
#   on_a_node, steps_on_this_host  where a rule runs on a cluster (common.smk)
include: "rules/workarounds.smk"
include: "rules/common.smk"
include: "rules/settings.smk"
include: "rules/run.smk"


rule all:
    """Make everything for the configured datasets: headers, PNG directories, manifests, previews, and pages."""
    input:
        plan.outputs("all"),
    localrule: True


rule publish:
    """Make everything that `all` makes, plus Parquet files, a dataset card, and Croissant metadata for other tools."""
    input:
        plan.outputs("publish"),
    localrule: True


rule webdataset:
    """Pack the configured datasets into shards (tar files) instead of single files, with an index of each split."""
    input:
        plan.outputs("webdataset"),
    localrule: True


rule verify:
    """Prove that the PNG files of the configured datasets are the published images, whichever program made them."""
    input:
        plan.outputs("verify"),
    localrule: True


include: "rules/build.smk"
include: "rules/formats.smk"
include: "rules/idx.smk"
include: "rules/images.smk"
include: "rules/views.smk"
include: "rules/publish.smk"
include: "rules/shards.smk"
include: "rules/verify.smk"
include: "rules/folders.smk"
