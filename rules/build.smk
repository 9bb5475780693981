"""The way back: turn your folders of images into IDX files, with a dataset file that the other rules can use."""


rule idx:
    """Turn the configured folders of images into IDX files, with a dataset file that pins them."""
    input:
        plan.folders.outputs,
    localrule: True


rule build_idx:
    """Build the IDX files of a split from a folder of grayscale images."""
    input:
        settings=settings.files("folder"),
    output:
        images="<results>/{dataset}/idx/{split}-images-idx3-ubyte.gz",
        labels="<results>/{dataset}/idx/.{split}-labels.gz",
        facts="<results>/{dataset}/idx/{split}.json",
    log:
        "<logs>/{dataset}/build_idx/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/build_idx/{split}.tsv"
    localrule: on_a_node
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=600,
        runtime=1200,
    params:
        **script("build_idx"),
        options=untracked(plan.folders.options),
    shell:
        "python {params.script:q} {params.options:q} --split {wildcards.split:q}"
        " --images {output.images:q} --labels {output.labels:q} --facts {output.facts:q}"
        " --settings {input.settings:q} --log {log:q}"


rule name_labels:
    """Link or copy the labels to a name that says their type, which depends on the classes of all splits."""
    input:
        plan.folders.built_labels,
    output:
        "<results>/{dataset}/idx/{split}-labels-{kind}.gz",
    log:
        "<logs>/{dataset}/name_labels/{split}-{kind}.log",
    localrule: True
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=10,
        runtime=1,
    params:
        folder=subpath(output[0], parent=True),
    shell:
        "(rm -f {params.folder:q}/{wildcards.split:q}-labels-idx*.gz;"
        " ln {input:q} {output:q} || cp {input:q} {output:q}) 2> {log:q}"


rule write_dataset:
    """Write the dataset file of the built IDX files, with their digests."""
    input:
        unpack(plan.folders.parts),
        settings=settings.files("built"),
    output:
        "<results>/{dataset}/idx/{dataset}.yaml",
    log:
        "<logs>/{dataset}/write_dataset.log",
    benchmark:
        "<benchmarks>/{dataset}/write_dataset.tsv"
    localrule: True
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=200,
        runtime=10,
    params:
        **script("write_dataset"),
    shell:
        "python {params.script:q} --dataset {output:q} --labels {input.labels:q} --settings {input.settings:q}"
        " --log {log:q} {input.facts:q}"
