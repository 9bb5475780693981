"""What is known of a dataset, and the file that describes it."""
