"""DICOM: header, pixels, decoders, files."""
