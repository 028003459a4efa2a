"""The preview server: TF Serving's REST interface and a page."""
