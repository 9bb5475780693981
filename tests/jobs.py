"""How many jobs of each rule a target has on a dataset of two splits and ten labels, such as the sample or MNIST."""

FILES = {"download": 4, "decompress": 4, "validate": 2}
IMAGES = {"export": 20, "merge_manifests": 2, "preview": 2, "measure": 2, "find_duplicates": 1, "make_page": 1}
ALL = FILES | IMAGES | {"write_settings": 6, "all": 1}
LABEL = {"download": 2, "decompress": 2, "validate": 1, "write_settings": 2, "export": 1}
IDX = {"write_settings": 3, "build_idx": 2, "name_labels": 2, "write_dataset": 1}  # of images in two splits
