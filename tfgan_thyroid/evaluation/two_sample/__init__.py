"""The classifier two-sample test: how well, and at which scale, a small network tells scans from generated images."""
