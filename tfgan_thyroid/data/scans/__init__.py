"""What a raw file is: formats of scans, the folders and archives they come from."""
