"""The classifier learns what it can see, repeats itself to the bit, and starts anew each time."""

import numpy as np

from tfgan_thyroid.evaluation.two_sample.classifier import ScanClassifier
from tfgan_thyroid.metrics.two_sample import area_under_curve

RNG = np.random.default_rng(0)
SMOOTH = np.cumsum(RNG.normal(size=(40, 16, 16, 1)), axis=2).astype(np.float32) / 6
NOISY = SMOOTH[::-1] + 0.5 * RNG.normal(size=SMOOTH.shape).astype(np.float32)


def scores(classifier, seed=3):
    classifier.fit(SMOOTH[:30], NOISY[:30], seed, epochs=8)
    return classifier.scores(np.concatenate([SMOOTH[30:], NOISY[30:]]))


def test_it_tells_images_that_differ_and_repeats_itself_to_the_bit_whatever_it_learnt_before():
    classifier = ScanClassifier(16)
    first = scores(classifier)
    assert area_under_curve(first[:10], first[10:]) > 0.9
    other = scores(classifier, seed=4)
    assert (first != other).any()
    np.testing.assert_array_equal(scores(classifier), first)
    np.testing.assert_array_equal(scores(ScanClassifier(16)), first)
