"""Published files: downloading them from mirrors, and checking that they are the right ones."""
