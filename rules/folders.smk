"""Folders of results as targets, such as results/mnist and results/mnist/png/test.

No output may contain another, and so results/mnist is none: it is the name of a rule, among which Snakemake looks for
a target first.
"""

with without_traceback():
    folders = plan.folder_targets(words)

for folder, files in folders.items():

    rule:
        name:
            folder
        input:
            files,
        localrule: True
