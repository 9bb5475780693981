"""The settings and sources of jobs, in files that are inputs of the jobs.

See scripts/idxpng/run/settings.py.
"""


rule write_settings:
    """Write settings of a dataset, or where its files come from, to a file, and remove the file with the earlier ones."""
    output:
        "<results>/{dataset}/.settings/{setting}-{digest}.json",
    log:
        "<logs>/{dataset}/write_settings/{setting}-{digest}.log",
    localrule: True  # it takes less time than a cluster needs to start a job
    conda:
        "../envs/images.yaml"
    resources:
        mem_mb=10,
        runtime=1,
    params:
        folder=subpath(output[0], parent=True),
        name=settings.name,
        text=untracked(settings.text),  # whose digest is in the name
        time=untracked(settings.time),
    shell:
        "(printf '[%s, %s]\\n' {params.text:q} {params.time:q} > {output:q}"
        " && find -H {params.folder:q} -name {params.name:q}-'*.json' ! -samefile {output:q} -delete) 2> {log:q}"


use rule write_settings as write_sources with:
    output:
        update("<resources>/{dataset}/.settings/{setting}-{digest}.json"),  # another run may be reading it
    log:
        "<logs>/{dataset}/write_sources/{setting}-{digest}.log",
    wildcard_constraints:
        setting=r"[^/]+\.[^/]+/sources",
    localrule: True  # which is not inherited
    params:
        time=0,  # so that what another run writes again is the same
