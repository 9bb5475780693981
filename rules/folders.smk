"""Folders of results as targets, such as results/mnist and results/mnist/png/test.

No output may contain another output, so results/mnist is not one. Instead it is the name of a rule: Snakemake looks for
a target among the names of rules first.
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
