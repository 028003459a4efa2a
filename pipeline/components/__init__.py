"""The steps of the pipeline, by TFX's names: from a folder of scans to a pushed generator."""
