"""The library behind the scripts: formats, files, fetching, datasets.

Each script is a command-line tool that does one step; what two of them share is a module here. A module knows
formats and rules of the data, and never where the workflow keeps its results.
"""

__version__ = "1.0.0"

# Every module of the package. Snakemake brings along only files that it is told of when a workflow imports this
# one over the network, and a test keeps this list equal to the folder.
__all__ = [
    "answer",
    "atomic",
    "catalog",
    "checkout",
    "claim",
    "class_means",
    "code_digest",
    "command",
    "compressed",
    "config",
    "content",
    "croissant",
    "dataset",
    "dataset_file",
    "dataset_text",
    "duplicate_groups",
    "duplicates",
    "durable",
    "errors",
    "folder_plan",
    "grey_image",
    "http",
    "idx",
    "idx_writer",
    "image_folder",
    "images",
    "in_order",
    "job_environment",
    "log",
    "markup",
    "mirror_check",
    "mirrors",
    "mismatch",
    "originals",
    "partial",
    "pins",
    "plan",
    "png",
    "png_reader",
    "png_tree",
    "problems",
    "published",
    "rebuilt",
    "remote_zip",
    "resources",
    "run_checks",
    "schema",
    "session",
    "shell",
    "space",
    "split_header",
    "stale",
    "summary",
    "survey",
    "tar",
    "targets",
    "terminal",
    "terms",
    "text",
    "timestamps",
    "transfer",
    "unreachable",
    "yaml_file",
    "zip_member",
]

# What else is in it: the parts of the page on which a person browses a dataset.
PAGE_PARTS = ["page/page.css", "page/page.html", "page/page.js"]
