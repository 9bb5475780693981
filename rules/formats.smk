"""Other forms of the images, and a list of digests to check a finished export."""

import time


rule archive:
    """Make one tar file for each split of the configured datasets, with a folder for each label."""
    input:
        plan.expand("<results>/{dataset}/archive/{split}.tar"),
    localrule: True


rule npz:
    """Make one file of NumPy arrays for each configured dataset, named as in Keras's mnist.npz."""
    input:
        plan.expand("<results>/{dataset}/npz/{dataset}.npz"),
    localrule: True


rule csv:
    """Make a CSV file for each split of the configured datasets: label, then pixels."""
    input:
        plan.expand("<results>/{dataset}/csv/{split}.csv"),
    localrule: True


rule checksums:
    """List the SHA-256 of all files of the configured datasets in SHA256SUMS, for sha256sum --check."""
    input:
        plan.expand("<results>/{dataset}/SHA256SUMS"),
    localrule: True


rule archive_split:
    """Archive the images of a split in one tar file, directly from the IDX files."""
    input:
        unpack(plan.idx_files),
        header="<results>/{dataset}/header/{split}.json",
    output:
        "<results>/{dataset}/archive/{split}.tar",
    log:
        "<logs>/{dataset}/archive_split/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/archive_split/{split}.tsv"
    conda:
        "../envs/png.yaml"
    resources:
        mem_mb=asks.mem_mb,
        runtime=asks.runtime,
    params:
        selection=plan.archive_options,
        code=code("archive_split"),
        script=script("archive_split"),
    shell:
        "python {params.script:q} --images {input.images:q} --labels {input.labels:q} --header {input.header:q}"
        " {params.selection:q} --archive {output:q} --log {log:q}"


rule save_npz:
    """Save all splits of a dataset as numpy arrays."""
    input:
        unpack(plan.all_idx_files),
        headers=plan.each("<results>/{dataset}/header/{split}.json"),
    output:
        "<results>/{dataset}/npz/{dataset}.npz",
    log:
        "<logs>/{dataset}/save_npz.log",
    benchmark:
        "<benchmarks>/{dataset}/save_npz.tsv"
    conda:
        "../envs/numpy.yaml"
    resources:
        mem_mb=asks.mem_mb,
        runtime=asks.runtime,
    params:
        selection=plan.selection_options,
        code=code("save_npz"),
        script=script("save_npz"),
    shell:
        "python {params.script:q} --images {input.images:q} --labels {input.labels:q} --headers {input.headers:q}"
        " {params.selection:q} --npz {output:q} --log {log:q}"


rule write_csv:
    """Write the images of a split as a CSV file."""
    input:
        unpack(plan.idx_files),
        header="<results>/{dataset}/header/{split}.json",
    output:
        "<results>/{dataset}/csv/{split}.csv",
    log:
        "<logs>/{dataset}/write_csv/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/write_csv/{split}.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=asks.mem_mb,
        runtime=asks.runtime,
    params:
        selection=plan.selection_options,
        header=plan.csv_options,
        code=code("write_csv"),
        script=script("write_csv"),
    shell:
        "python {params.script:q} --images {input.images:q} --labels {input.labels:q} --header {input.header:q}"
        " {params.selection:q} {params.header:q} --csv {output:q} --log {log:q}"


rule list_digests:
    """List the SHA-256 of every file of a dataset, made in this run or before."""
    input:
        asked_for_too,
    output:
        "<results>/{dataset}/SHA256SUMS",
    log:
        "<logs>/{dataset}/list_digests.log",
    benchmark:
        "<benchmarks>/{dataset}/list_digests.tsv"
    conda:
        "../envs/python.yaml"
    resources:
        mem_mb=asks.mem_mb,
        runtime=asks.runtime,
    params:
        script=script("list_digests"),
        folder=f"{results}/{{dataset}}",
        # Never the same, so that it lists whatever is there whenever it is asked for.
        asked=time.time(),
    shell:
        "python {params.script:q} --folder {params.folder:q} --sums {output:q} --log {log:q}"
