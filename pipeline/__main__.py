"""Runs a command by its name, or lists them: `python -m pipeline preprocess`."""

from tfgan_thyroid.commands import script

if __name__ == "__main__":
    script()
