from tfgan_thyroid.needed_scans import too_few_to_judge, training_remarks


def test_a_verdict_needs_100_scans_of_10_patients_and_as_many_generated_images():
    assert too_few_to_judge(100, 10, 100) is None
    needed = "a verdict needs at least 100 scans of 10 patients"
    assert too_few_to_judge(99, 50, 500) == f"99 scans of 50 patients, and {needed}"
    assert too_few_to_judge(500, 9, 500) == f"500 scans of 9 patients, and {needed}"
    assert too_few_to_judge(500, 50, 99) == f"99 generated images, and {needed} and as many generated images"


def test_training_warns_under_40_scans_and_advises_augmentation_under_300():
    assert training_remarks(300, False) == training_remarks(40, True) == []
    assert ["augmentation is advised" in remark for remark in training_remarks(299, False)] == [True]
    assert "fewer than 40 scans by heart (here 39)" in training_remarks(39, True)[0]
    assert len(training_remarks(39, False)) == 2
