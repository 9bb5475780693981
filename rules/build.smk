"""The way back: your folders of images become IDX files, with a dataset file that the other rules can use."""

from idxpng.run.folder_plan import FolderPlan

own_folders = FolderPlan(asked, plan.catalog)

if workflow.modifier.is_main_snakefile() and "idx" in sys.argv:
    try:
        own_folders.check()
    except DataError as error:
        raise WorkflowError(str(error))


rule idx:
    """Turn the configured folders of images into IDX files, with a dataset file that pins them."""
    input:
        own_folders.dataset_files,
    localrule: True


rule build_idx:
    """Build the IDX files of a split from a folder of grayscale images with a folder for each class."""
    input:
        directories=own_folders.directories,
        manifest=own_folders.manifest,
    output:
        images="<results>/{dataset}/idx/{split}-images-idx3-ubyte.gz",
        labels="<results>/{dataset}/idx/{split}-labels-idx1-ubyte.gz",
        facts="<results>/{dataset}/idx/{split}.json",
    log:
        "<logs>/{dataset}/build_idx/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/build_idx/{split}.tsv"
    conda:
        "../envs/build.yaml"
    resources:
        mem_mb=300,
        runtime=1200,
    params:
        classes=own_folders.classes,
        layout=own_folders.layout,
        state=own_folders.state,
        code=code("build_idx"),
        script=script("build_idx"),
        folder=own_folders.path,
        options=own_folders.options,
    shell:
        "python {params.script:q} --folder {params.folder:q} --split {wildcards.split:q}"
        " --images {output.images:q} --labels {output.labels:q} --facts {output.facts:q} {params.options:q}"
        " --log {log:q}"


rule write_dataset:
    """Write the dataset file of IDX files that were built, with their digests."""
    input:
        own_folders.facts,
    output:
        "<results>/{dataset}/idx/{dataset}.yaml",
    log:
        "<logs>/{dataset}/write_dataset.log",
    benchmark:
        "<benchmarks>/{dataset}/write_dataset.tsv"
    localrule: True
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=200,
        runtime=10,
    params:
        code=code("write_dataset"),
        script=script("write_dataset"),
    shell:
        "python {params.script:q} --dataset {output:q} --log {log:q} {input:q}"
