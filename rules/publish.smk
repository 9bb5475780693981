"""Files for other tools: Parquet, dataset card, Croissant metadata, license, and citation."""


rule write_parquet:
    """Write the images of a split to one Parquet file that Hugging Face Datasets can load."""
    input:
        unpack(plan.validated_split),
        settings=settings.files("facts", "limit", "classes"),
    output:
        "<results>/{dataset}/parquet/{split}.parquet",
    log:
        "<logs>/{dataset}/write_parquet/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/write_parquet/{split}.tsv"
    localrule: on_a_node
    conda:
        "../envs/publish.yaml"
    resources:
        mem_mb=job_resources.arrow_mb,
        runtime=job_resources.runtime,
    params:
        **script("write_parquet"),
        selection=plan.selection_options,
    shell:
        "python {params.script:q} --images {input.images:q} --labels {input.labels:q} --header {input.header:q}"
        " {params.selection:q} --parquet {output:q} --settings {input.settings:q} --log {log:q}"


rule write_card:
    """Write the dataset card, Croissant metadata, license, citation, and provenance of a dataset."""
    input:
        headers=plan.each("<results>/{dataset}/header/{split}.json"),
        parquet=plan.each("<results>/{dataset}/parquet/{split}.parquet"),
        manifests=plan.each("<results>/{dataset}/manifest/{split}.csv"),
        overview="<results>/{dataset}/index.html",
        settings=settings.files("facts", "pins", "limit", "classes", "splits", "description"),
    output:
        card="<results>/{dataset}/README.md",
        croissant="<results>/{dataset}/croissant.json",
        license_file="<results>/{dataset}/LICENSE",
        citation_file="<results>/{dataset}/CITATION",
        provenance="<results>/{dataset}/provenance.json",
    log:
        "<logs>/{dataset}/write_card.log",
    benchmark:
        "<benchmarks>/{dataset}/write_card.tsv"
    localrule: on_a_node
    conda:
        "../envs/publish.yaml"
    resources:
        mem_mb=job_resources.arrow_mb,
        runtime=job_resources.runtime,
    params:
        **script("write_card"),
        selection=plan.selection_options,
        license_texts=untracked(catalog.license_texts),
        dataset=untracked(plan.dataset_file),
    shell:
        "python {params.script:q} --dataset={params.dataset:q} --headers {input.headers:q} --parquet {input.parquet:q}"
        " --manifests {input.manifests:q} --overview {input.overview:q} {params.selection:q}"
        " --license-texts {params.license_texts:q}"
        " --card {output.card:q} --croissant {output.croissant:q} --license-file {output.license_file:q}"
        " --citation-file {output.citation_file:q} --provenance {output.provenance:q}"
        " --settings {input.settings:q} --log {log:q}"
