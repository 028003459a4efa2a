"""Step 5: pictures of what was kept, cropped and set aside."""
