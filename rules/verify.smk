"""The proof that PNG files are the published images."""

import time


def originals(wildcards, output) -> list[str]:
    """Options that name the IDX files of a split, if they are here: to name an image that differs."""
    folder = workflow.pathvars.get("resources")
    files = {role: path.replace("<resources>", folder) for role, path in plan.idx_files(wildcards).items()}
    if not all(os.path.exists(path) for path in files.values()):
        return []
    return [word for role, path in files.items() for word in (f"--{role}", path)]


def other_columns(wildcards, output) -> list[str]:
    """The option that names the manifest, for labels of more columns than directories can tell."""
    several = len(plan.catalog.dataset(wildcards.dataset).label_columns) > 1
    return ["--manifest", f"{results}/{wildcards.dataset}/manifest/{wildcards.split}.csv"] if several else []


def made_in_this_run(wildcards) -> list[str]:
    """The images, where the same command asks for them too. Alone, it must not make what it is to miss."""
    targets = workflow.dag_settings.targets if workflow.dag_settings else []
    if all(target == "verify" or "/verify/" in target for target in targets):
        return []
    return plan.expand("<results>/{dataset}/png/{split}/{label}", wildcards.dataset, wildcards.split)


rule verify_split:
    """Rebuild the IDX files of a split from its PNG files alone, and compare with the pinned digests. Changes none."""
    input:
        unpack(plan.needed_originals),
        made_in_this_run,
    output:
        "<results>/{dataset}/verify/{split}.json",
    log:
        "<logs>/{dataset}/verify/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/verify/{split}.tsv"
    conda:
        "../envs/verify.yaml"
    threads: 2
    resources:
        mem_mb=asks.mem_mb,
        runtime=asks.runtime,
    params:
        script=script("verify"),
        dataset=plan.dataset_file,
        originals=originals,
        manifest=other_columns,
        selection=plan.selection_options,
        tree=f"{results}/{{dataset}}/png/{{split}}",
        # Never the same, so that it runs whenever it is asked for: Snakemake does not see an edited PNG file.
        asked=time.time(),
    shell:
        "python {params.script:q} --dataset {params.dataset:q} --split {wildcards.split:q} {params.originals:q}"
        " {params.manifest:q} {params.selection:q} --processes {threads:q} --report {output:q} --log {log:q} {params.tree:q}"
