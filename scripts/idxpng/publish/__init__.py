"""Pages for people, and files for other tools."""
