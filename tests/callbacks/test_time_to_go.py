"""The time that a training still takes, as it is learned."""

from tfgan_thyroid.callbacks.time_to_go import TimeToGo


def after(iterations, pauses, last=100):
    """A training whose first iteration took 50 s, all others 1 s."""
    to_go = TimeToGo({"checkpoint": 50, "picture": 10}, last)
    for iteration in range(1, iterations + 1):
        to_go.add_iteration(50.0 if iteration == 1 else 1.0)
        if iteration < iterations:
            to_go.add_pause(iteration, pauses.get(iteration, 0.0))
    return to_go


def test_nothing_is_known_before_the_second_iteration():
    assert after(1, {}).text(1) == "unknown"


def test_what_has_not_been_seen_makes_it_a_lower_bound():
    assert after(5, {}).text(5) == "over 0:01:35"  # 95 s of iterations
    assert after(15, {10: 2.0}).text(15) == "over 0:01:39"  # 85 s, and pictures at 20, 30, 40, 60, 70, 80 and 90: 14 s


def test_every_kind_of_pause_is_counted_once_it_was_seen():
    # 45 s of iterations, pictures at 60, 70, 80 and 90: 8 s, the checkpoint at 100: 30 s.
    assert after(55, {10: 2.0, 20: 2.0, 30: 2.0, 40: 2.0, 50: 30.0}).text(55) == "0:01:23"


def test_nothing_is_left_at_the_end():
    assert after(100, {10: 2.0, 50: 30.0}).text(100) == "0:00:00"
