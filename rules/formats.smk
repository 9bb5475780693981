"""Other formats of the images, and a list of digests to check a finished export."""


rule archive:
    """Make one tar file for each split of the configured datasets, with a folder for each label."""
    input:
        plan.outputs("archive"),
    localrule: True


rule npz:
    """Make one file of NumPy arrays for each configured dataset, named as in Keras's mnist.npz."""
    input:
        plan.outputs("npz"),
    localrule: True


rule csv:
    """Make a CSV file for each split of the configured datasets: label, then pixels."""
    input:
        plan.outputs("csv"),
    localrule: True


rule checksums:
    """List the SHA-256 of all files of the configured datasets in SHA256SUMS, for sha256sum --check."""
    input:
        plan.outputs("checksums"),
    localrule: True


rule archive_split:
    """Archive the images of a split in one tar file, directly from the IDX files."""
    input:
        unpack(plan.validated_split),
        settings=settings.files("facts", "pins", "limit", "classes"),
    output:
        "<results>/{dataset}/archive/{split}.tar",
    log:
        "<logs>/{dataset}/archive_split/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/archive_split/{split}.tsv"
    localrule: on_a_node
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.runtime,
    params:
        **script("archive_split"),
        selection=plan.archive_options,
    shell:
        "python {params.script:q} --images {input.images:q} --labels {input.labels:q} --header {input.header:q}"
        " {params.selection:q} --archive {output:q} --settings {input.settings:q} --log {log:q}"


rule save_npz:
    """Save all splits of a dataset as NumPy arrays."""
    input:
        unpack(plan.validated_splits),
        settings=settings.files("facts", "limit", "classes", "splits"),
    output:
        "<results>/{dataset}/npz/{dataset}.npz",
    log:
        "<logs>/{dataset}/save_npz.log",
    benchmark:
        "<benchmarks>/{dataset}/save_npz.tsv"
    localrule: on_a_node
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.runtime,
    params:
        **script("save_npz"),
        selection=plan.selection_options,
    shell:
        "python {params.script:q} --images {input.images:q} --labels {input.labels:q} --headers {input.header:q}"
        " {params.selection:q} --npz {output:q} --settings {input.settings:q} --log {log:q}"


rule write_csv:
    """Write the images of a split as a CSV file."""
    input:
        unpack(plan.validated_split),
        settings=settings.files("facts", "limit", "classes", "csv"),
    output:
        "<results>/{dataset}/csv/{split}.csv",
    log:
        "<logs>/{dataset}/write_csv/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/write_csv/{split}.tsv"
    localrule: on_a_node
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.runtime,
    params:
        **script("write_csv"),
        selection=plan.csv_options,
    shell:
        "python {params.script:q} --images {input.images:q} --labels {input.labels:q} --header {input.header:q}"
        " {params.selection:q} --csv {output:q} --settings {input.settings:q} --log {log:q}"


rule list_digests:
    """List the SHA-256 of every file of a dataset, from this run or an earlier one."""
    input:
        targets.others,
        on_each_request(f"{plan.results}/{{dataset}}/SHA256SUMS"),
    output:
        "<results>/{dataset}/SHA256SUMS",
    log:
        "<logs>/{dataset}/list_digests.log",
    benchmark:
        "<benchmarks>/{dataset}/list_digests.tsv"
    localrule: on_a_node
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.runtime,
    params:
        **script("list_digests"),
        folder=f"{plan.results}/{{dataset}}",
    shell:
        "python {params.script:q} --folder {params.folder:q} --sums {output:q} --log {log:q}"
