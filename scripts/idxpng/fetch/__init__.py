"""Published files: from a mirror to the disk, and the check that they are the right ones."""
