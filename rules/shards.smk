"""Tar archives instead of single files, directly from the IDX files."""


rule pack:
    """Pack images of a split into one shard in the WebDataset convention, directly from the IDX files."""
    input:
        unpack(plan.validated_split),
        settings=settings.files("facts", "limit", "classes", "shards"),
    output:
        "<results>/{dataset}/webdataset/{split}-{shard}.tar",
    log:
        "<logs>/{dataset}/pack/{split}-{shard}.log",
    benchmark:
        "<benchmarks>/{dataset}/pack/{split}-{shard}.tsv"
    localrule: on_a_node
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.shard_runtime,
    params:
        **script("pack"),
        packing=plan.shard_options,
    shell:
        "python {params.script:q} --images {input.images:q} --labels {input.labels:q} --header {input.header:q}"
        " --number {wildcards.shard:q} {params.packing:q} --shard {output:q}"
        " --settings {input.settings:q} --log {log:q}"


rule index_shards:
    """List the shards of a split with their counts and digests."""
    input:
        header="<results>/{dataset}/header/{split}.json",
        settings=settings.files("facts", "limit", "classes", "shards"),
        shards=plan.each("<results>/{dataset}/webdataset/{split}-{shard}.tar"),
    output:
        "<results>/{dataset}/webdataset/{split}.json",
    log:
        "<logs>/{dataset}/index_shards/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/index_shards/{split}.tsv"
    localrule: on_a_node
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.shards_runtime,
    params:
        **script("index_shards"),
        packing=plan.shard_options,
    shell:
        "python {params.script:q} --header {input.header:q} {params.packing:q} --index {output:q}"
        " --settings {input.settings:q} --log {log:q}"
        " {input.shards:q}"
