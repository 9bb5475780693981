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
    "claim",
    "code_digest",
    "command",
    "compressed",
    "config",
    "content",
    "dataset",
    "dataset_text",
    "duplicates",
    "durable",
    "errors",
    "http",
    "idx",
    "images",
    "in_order",
    "job_environment",
    "log",
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
    "text",
    "timestamps",
    "transfer",
    "unreachable",
    "yaml_file",
    "zip_member",
]
