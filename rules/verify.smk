"""Prove that PNG files are the published images."""


rule verify_split:
    """Rebuild the IDX files of a split from its PNG files alone, and compare with the pinned digests. Changes nothing."""
    input:
        unpack(plan.needed_originals),
        targets.images_of_others,
        on_each_request(f"{plan.results}/{{dataset}}/verify/{{split}}.json"),  # Snakemake sees no edited PNG file
        published=plan.witnesses,
    output:
        "<results>/{dataset}/verify/{split}.json",
    log:
        "<logs>/{dataset}/verify/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/verify/{split}.tsv"
    localrule: on_a_node
    conda:
        "../envs/images.yaml"
    threads: 2
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.runtime,
    params:
        **script("verify"),
        dataset=plan.dataset_file,
        originals=plan.originals_options,
        manifest=plan.manifest_option,
        selection=plan.selection_options,
        png=f"{plan.results}/{{dataset}}/png",
    shell:
        "python {params.script:q} --dataset={params.dataset:q} --split {wildcards.split:q} {params.originals:q}"
        " --published {input.published:q} {params.manifest:q} {params.selection:q} --processes {threads:q}"
        " --report {output:q} --log {log:q} --beside {params.png:q} {params.png:q}/{wildcards.split:q}"
