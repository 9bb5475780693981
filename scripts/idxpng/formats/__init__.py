"""The bytes of files: IDX, PNG, tar, compressed files, and folders of images."""
