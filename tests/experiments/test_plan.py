import json

import pytest

from tfgan_thyroid.config import Config
from tfgan_thyroid.errors import UserError
from tfgan_thyroid.experiments.plan import Cell, config_key, run_plan


def cells(computed, names="abc", **key):
    def compute(name):
        computed.append(name)
        return {"value": name}

    return [Cell(name, {"seed": 1, **key}, 1.0, lambda name=name: compute(name)) for name in names]


def ignore(results):
    """Looks at no result."""


def test_a_configurations_key_holds_what_differs_from_the_defaults_and_what_is_named():
    config = Config(width=16, seed=3, log_every=7)
    assert config_key(config, {"iterations"}, {"log_every"}) == {"iterations": 100_000, "seed": 3, "width": 16}


def test_every_cell_is_computed_once_and_kept(tmp_path):
    computed, seen = [], []
    results = run_plan(cells(computed), tmp_path, lambda results: seen.append(sorted(results)))
    assert computed == ["a", "b", "c"]
    assert results == {name: {"value": name} for name in "abc"}
    assert seen == [[], ["a"], ["a", "b"], ["a", "b", "c"]]
    assert json.loads((tmp_path / "b.json").read_text()) == {"key": {"seed": 1}, "result": {"value": "b"}}
    assert run_plan(cells(computed), tmp_path, ignore) == results
    assert computed == ["a", "b", "c"]


def test_a_stopped_plan_goes_on_where_it_was(tmp_path):
    computed = []

    def stop():
        raise KeyboardInterrupt

    plan = cells(computed)
    with pytest.raises(KeyboardInterrupt):
        run_plan([plan[0], Cell("b", plan[1].key, 1.0, stop), plan[2]], tmp_path, ignore)
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    run_plan(plan, tmp_path, ignore)
    assert computed == ["a", "b", "c"]


def test_a_result_of_another_plan_is_not_taken_for_this_ones(tmp_path):
    run_plan(cells([]), tmp_path, ignore)
    with pytest.raises(UserError, match=r"a\.json.*another plan \(seed is 1, here 2\)"):
        run_plan(cells([], seed=2), tmp_path, ignore)


def test_a_damaged_result_is_named(tmp_path):
    (tmp_path / "a.json").write_text('{"key": ')
    with pytest.raises(UserError, match=r"a\.json is damaged.*remove it"):
        run_plan(cells([]), tmp_path, ignore)
