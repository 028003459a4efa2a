"""Runs a command by its name, or lists them: `python -m tfgan_thyroid train`."""

from tfgan_thyroid.commands import script

if __name__ == "__main__":
    script()
