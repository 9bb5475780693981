"""What is shown to people and passed on to other tools."""
