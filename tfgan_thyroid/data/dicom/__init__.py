"""DICOM: header, layout, streams, decoders, display, files."""
