"""Step 2: each scan read, cropped, resized and spilled."""
