from builders import TYPE_CODES as TYPE_CODES  # where tests used to find them
from builders import idx_bytes as idx_bytes
