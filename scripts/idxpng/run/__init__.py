"""What the rules use: inputs, outputs, and options, checks before a run, and a summary after it."""
