"""From raw scans to TFRecords: the Beam jobs in front of `tfgan_thyroid`."""
