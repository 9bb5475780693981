"""What the rules use: their inputs, outputs and options, checks before a run, and a summary after it."""
