"""What the rules ask: which files, from which others, with which options."""
