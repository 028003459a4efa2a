"""The dataset directory: its schema, the records in it, and the batches that are read from them."""
