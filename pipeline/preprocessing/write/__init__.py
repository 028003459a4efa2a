"""Step 4: records, statistics and the manifest."""
