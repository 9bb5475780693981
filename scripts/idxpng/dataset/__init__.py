"""What is known about a dataset, and the file that describes it."""
