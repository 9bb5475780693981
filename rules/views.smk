"""Views of a dataset: pictures, numbers, and a page to browse."""


rule preview:
    """Show a split at a glance: a row of images for each class, and the first images with their labels."""
    input:
        unpack(plan.validated_split),
        settings=settings.files("facts", "limit", "classes"),
    output:
        sheet=report(
            "<results>/{dataset}/preview/{split}.png",
            caption="report/preview.rst",
            category="Previews",
            labels={"dataset": "{dataset}", "split": "{split}", "picture": "images of each class"},
        ),
        first=report(
            "<results>/{dataset}/preview/{split}/first.png",
            caption="report/first.rst",
            category="Previews",
            labels={"dataset": "{dataset}", "split": "{split}", "picture": "first images"},
        ),
    log:
        "<logs>/{dataset}/preview/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/preview/{split}.tsv"
    priority: -2  # no other job needs it, so it uses cores that would be idle at the end
    localrule: steps_on_this_host
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.runtime,
    params:
        **script("preview"),
        selection=plan.selection_options,
    shell:
        "python {params.script:q} --images {input.images:q} --labels {input.labels:q} --header {input.header:q}"
        " {params.selection:q} --sheet {output.sheet:q} --first {output.first:q}"
        " --settings {input.settings:q} --log {log:q}"


rule measure:
    """Measure the images of a split: class counts, mean and standard deviation of pixels, blank images."""
    input:
        unpack(plan.validated_split),
        settings=settings.files("facts", "limit", "classes"),
    output:
        statistics="<results>/{dataset}/statistics/{split}.json",
        plot=report(
            "<results>/{dataset}/statistics/{split}.svg",
            caption="report/histogram.rst",
            category="Histograms",
            labels={"dataset": "{dataset}", "split": "{split}"},
        ),
    log:
        "<logs>/{dataset}/measure/{split}.log",
    benchmark:
        "<benchmarks>/{dataset}/measure/{split}.tsv"
    localrule: steps_on_this_host
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.runtime,
    params:
        **script("measure"),
        selection=plan.selection_options,
    shell:
        "python {params.script:q} --images {input.images:q} --labels {input.labels:q} --header {input.header:q}"
        " {params.selection:q} --statistics {output.statistics:q} --plot {output.plot:q}"
        " --settings {input.settings:q} --log {log:q}"


rule find_duplicates:
    """List the images of a dataset that have the same pixels."""
    input:
        unpack(plan.validated_splits),
        settings=settings.files("facts", "limit", "classes", "splits"),
    output:
        "<results>/{dataset}/duplicates.json",
    log:
        "<logs>/{dataset}/find_duplicates.log",
    benchmark:
        "<benchmarks>/{dataset}/find_duplicates.tsv"
    priority: -1  # it can run beside `merge_manifests`, which waits for the last export
    localrule: steps_on_this_host
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.runtime,
    params:
        **script("find_duplicates"),
        selection=plan.selection_options,
    shell:
        "python {params.script:q} --images {input.images:q} --labels {input.labels:q} --headers {input.header:q}"
        " {params.selection:q} --duplicates {output:q} --settings {input.settings:q} --log {log:q}"


rule make_page:
    """Make the page to browse a dataset: every image, class by class, and all that is known about the dataset."""
    input:
        unpack(plan.validated_splits),
        statistics=plan.each("<results>/{dataset}/statistics/{split}.json"),
        manifests=plan.each("<results>/{dataset}/manifest/{split}.csv"),
        duplicates="<results>/{dataset}/duplicates.json",
        settings=settings.files("facts", "limit", "classes", "splits", "description"),
    output:
        page=report(
            "<results>/{dataset}/index.html",
            caption="report/page.rst",
            category="Datasets",
            labels={"dataset": "{dataset}"},
        ),
        digests="<results>/{dataset}/digests.js",
    log:
        "<logs>/{dataset}/make_page.log",
    benchmark:
        "<benchmarks>/{dataset}/make_page.tsv"
    localrule: steps_on_this_host
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=job_resources.mem_mb,
        runtime=job_resources.runtime,
    params:
        **script("make_page", *idxpng.PAGE_PARTS),
        selection=plan.selection_options,
        dataset=untracked(plan.dataset_file),
    shell:
        "python {params.script:q} --dataset={params.dataset:q} --images {input.images:q} --labels {input.labels:q}"
        " --headers {input.header:q} --statistics {input.statistics:q} --manifests {input.manifests:q}"
        " --duplicates {input.duplicates:q} {params.selection:q} --page {output.page:q} --digests {output.digests:q}"
        " --settings {input.settings:q} --log {log:q}"
