"""The published IDX files, checked: from a mirror to the header, which all other rules need."""


rule download:
    """Get a published file from the first mirror that serves the right bytes."""
    input:
        sources=settings.sources,
    output:
        update("<resources>/{dataset}/{published}"),  # Snakemake does not delete it first: a correct file stays
    log:
        "<logs>/{dataset}/download/{published}.log",
    benchmark:
        "<benchmarks>/{dataset}/download/{published}.tsv"
    localrule: True  # nodes of a cluster seldom reach the internet, so it runs on the submitting host
    conda:
        "../envs/download.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.runtime,
    params:
        facts=facts.of_download,
        script=script("download")["script"],  # without its code: a new version downloads nothing again
        dataset=untracked(catalog.file_for_download),
    shell:
        "python {params.script:q} --dataset={params.dataset:q} --file {wildcards.published:q}"
        " --output {output:q} --settings {input.sources:q} --log {log:q}"


rule decompress:
    """Decompress a published file to the IDX file in it, and check its content."""
    input:
        plan.published,
    output:
        update("<resources>/{dataset}/{idx}"),  # so that other workflows that share it can go on reading
    log:
        "<logs>/{dataset}/decompress/{idx}.log",
    benchmark:
        "<benchmarks>/{dataset}/decompress/{idx}.tsv"
    localrule: steps_on_this_host
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.runtime,
    params:
        **script("decompress"),
        dataset=untracked(plan.dataset_file),
    shell:
        "python {params.script:q} --dataset={params.dataset:q} --published {input:q} --idx {output:q} --log {log:q}"


rule validate:
    """Check both IDX files of a split: types, dimensions, lengths, labels, counts, digests."""
    input:
        unpack(plan.idx_files),
        published=plan.witnesses,
        settings=settings.files("facts"),
    output:
        header="<results>/{dataset}/header/{split}.json",
        checksums="<results>/{dataset}/header/{split}.crc32",  # beside it, which is how the scripts find it
    log:
        "<logs>/{dataset}/validate/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/validate/{split}.tsv"
    localrule: steps_on_this_host
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.runtime,
    params:
        **script("validate"),
        dataset=untracked(plan.dataset_file),
    shell:
        "python {params.script:q} --dataset={params.dataset:q} --split {wildcards.split:q}"
        " --images {input.images:q} --labels {input.labels:q} --published {input.published:q}"
        " --header {output.header:q} --settings {input.settings:q} --log {log:q}"
