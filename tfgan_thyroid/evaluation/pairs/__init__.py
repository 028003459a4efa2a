"""Generated pairs of image and mask beside real ones."""
