"""Files that are complete or absent, whatever happens to the process or the disk."""
