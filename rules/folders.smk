"""Folders of results as targets, such as results/mnist and results/mnist/png/test.

No output may contain another output, so results/mnist is not one. Instead it is the name of a rule: Snakemake looks for
a target among the names of rules first. If nothing in the results has that path, the input of the rule is an error.
"""

for word, files in targets.folder_targets(command_line()).items():

    rule:
        name:
            word
        input:
            files,
        localrule: True
