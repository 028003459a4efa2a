"""How many scans are needed for what: one table for all commands, measured by `two_sample/test_power.py`."""

TO_TRAIN = 40
"""Fewer scans than this are learnt by heart: `train` warns."""

TO_JUDGE = 100
"""Scans, and as many generated images, under which there is no verdict and no blessing."""

PATIENTS_TO_JUDGE = 10
"""Frames of one patient are near-duplicates, so patients count as well."""

WITHOUT_AUGMENTATION = 300
"""Scans under which augmentation is advised."""


def training_remarks(scans: int, augmented: bool) -> list[str]:
    """What to know before a generator is trained on so few scans; nothing where they are enough.

    Args:
        scans: that it learns from.
        augmented: whether they are augmented, or what the discriminator sees.
    """
    remarks = []
    if scans < TO_TRAIN:
        remarks.append(f"a generator learns fewer than {TO_TRAIN} scans by heart (here {scans}): add others")
    if scans < WITHOUT_AUGMENTATION and not augmented:
        remarks.append(
            f"with fewer than {WITHOUT_AUGMENTATION} scans (here {scans}) augmentation is advised: "
            "--set data_augmentation=conventional"
        )
    return remarks


def too_few_to_judge(scans: int, patients: int, generated: int) -> str | None:
    """Why nothing can be said of a generator with so few images, and how many are needed; None where they are enough.

    Args:
        scans: real ones that are compared with.
        patients: whose they are.
        generated: images of the generator.
    """
    needed = f"a verdict needs at least {TO_JUDGE} scans of {PATIENTS_TO_JUDGE} patients"
    if scans < TO_JUDGE or patients < PATIENTS_TO_JUDGE:
        return f"{scans} scans of {patients} patients, and {needed}"
    if generated < TO_JUDGE:
        return f"{generated} generated images, and {needed} and as many generated images"
    return None
