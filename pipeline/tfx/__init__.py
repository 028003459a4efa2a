"""The same components under TFX: the extra `tfx`, on Python 3.10."""
