"""The images of a split as PNG files, and the manifest that lists them."""


rule export:
    """Export the images of one label as PNG files, with a manifest of them."""
    input:
        unpack(plan.validated_split),
        settings=settings.files("facts", "limit"),
    output:
        png=directory("<results>/{dataset}/png/{split}/{label}"),
        manifest="<results>/{dataset}/manifest/{split}/{label}.csv",
    log:
        "<logs>/{dataset}/export/{split}/{label}.log",
    benchmark:
        "<benchmarks>/{dataset}/export/{split}/{label}.tsv"
    localrule: on_a_node
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.label_runtime,
    params:
        **script("export"),
        limit=plan.limit_option,
        proof=f"{plan.results}/{{dataset}}/verify/{{split}}.json",
    shell:
        "python {params.script:q} --images {input.images:q} --labels {input.labels:q} --header {input.header:q}"
        " --label {wildcards.label:q} {params.limit:q} --proof {params.proof:q} --png {output.png:q}"
        " --manifest {output.manifest:q} --settings {input.settings:q} --log {log:q}"


rule merge_manifests:
    """List all images of a split in the order of the IDX file, with label, class name and digest."""
    input:
        manifests=plan.each("<results>/{dataset}/manifest/{split}/{label}.csv"),
        settings=settings.files("facts", "limit", "classes"),
    output:
        "<results>/{dataset}/manifest/{split}.csv",
    log:
        "<logs>/{dataset}/merge_manifests/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/merge_manifests/{split}.tsv"
    localrule: on_a_node
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.runtime,
    params:
        **script("merge_manifests"),
        results=subpath(output[0], ancestor=2),
        proof=f"{plan.results}/{{dataset}}/verify/{{split}}.json",
    shell:
        "python {params.script:q}"
        " --manifest {output:q} --png {params.results:q}/png/{wildcards.split:q} --proof {params.proof:q}"
        " --settings {input.settings:q} --log {log:q} {input.manifests:q}"
