"""Step 1: the files of an input folder, their masks, groups and lists."""
