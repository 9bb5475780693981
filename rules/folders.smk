"""Folders of results as targets, such as results/mnist and results/mnist/png/test, and errors for wrong targets.

No output may contain another output, so results/mnist is not one. Instead it is the name of a rule: Snakemake looks for
a target among the names of rules first.
"""

from idxpng.run.plan import OUTPUTS
from idxpng.run.targets import refuse_name

folders = targets.folder_targets(words, typed_targets)
for word in set(words) - rule_names():
    named = Path(word).name == word and not os.path.exists(word) and not word.startswith("-")
    if named and word in typed_targets():
        refuse_name(word, [*OUTPUTS, "idx"], shipped)

for folder, files in folders.items():

    rule:
        name:
            folder
        input:
            files,
        localrule: True
