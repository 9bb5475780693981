"""The proof that a tree of PNG files is the published dataset."""
