"""The proof that PNG files are the published images."""

import time


rule verify_split:
    """Rebuild the IDX files of a split from its PNG files alone, and compare digests. Changes no PNG file."""
    input:
        # Not the PNG files: Snakemake would make what it misses of them, and there would be nothing left to find.
        unpack(plan.idx_files),
        header="<results>/{dataset}/header/{split}.json",
    output:
        "<results>/{dataset}/verify/{split}.json",
    log:
        "<logs>/{dataset}/verify/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/verify/{split}.tsv"
    conda:
        "../envs/pillow.yaml"
    resources:
        mem_mb=asks.mem_mb,
        runtime=asks.runtime,
    params:
        limit=plan.limit_option,
        script=script("verify"),
        entry=plan.dataset_entry,
        # Never the same, so that it runs whenever it is asked for: Snakemake does not see an edited PNG file.
        asked=time.time(),
    shell:
        "python {params.script:q} --images {input.images:q} --labels {input.labels:q} --header {input.header:q}"
        " --entry {params.entry:q} {params.limit:q} --report {output:q} --log {log:q}"
