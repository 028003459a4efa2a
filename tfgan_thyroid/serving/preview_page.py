"""The page at `/` of the preview server."""

PAGE = "<!doctype html><title>tfgan-thyroid</title>"
