import os
import unicodedata

import pytest

from pipeline.preprocessing.inputs.group_scans import choose_pattern, group_of, unmatched
from tfgan_thyroid.errors import UserError


def test_the_group_is_the_first_parenthesis_or_else_the_match():
    assert group_of(r"^(\d+)(?:VAS|EM)", b"20220112VAS_slice_7.png") == "group:20220112"
    assert group_of(r"patient\d+", b"a/patient0007_frame01.png") == "group:patient0007"
    assert group_of(r"(x)?p\d", b"p3.png") == "group:p3"


def test_the_pattern_looks_at_the_file_name_unless_it_holds_a_slash():
    assert group_of(r"^\d+", b"99/12.png") == "group:12"
    assert group_of(r"^(\d+)/", b"99/12.png") == "group:99"


def test_a_file_that_does_not_match_is_a_group_of_its_own():
    assert group_of(r"patient\d+", b"a/b.png") == "file:a/b.png"
    assert group_of(None, b"a/b.png") == "file:a/b.png"
    assert group_of(r"\d+", os.fsencode("file:a/b.png")) == "file:file:a/b.png"
    assert unmatched(r"patient\d+", [b"patient1", b"other"]) == 1


def test_phantoms_are_grouped_without_being_told():
    phantoms = [b"patient0001_frame01.png", b"sub/patient0001_frame02.png"]
    assert choose_pattern(None, phantoms) == r"patient\d+"
    assert choose_pattern(None, [*phantoms, b"other.png"]) is None
    assert choose_pattern(None, [*phantoms, b"notes.txt"]) == r"patient\d+"
    assert choose_pattern(None, [b"patient1.txt"]) is None
    assert choose_pattern("frame", phantoms) == "frame"


def test_a_pattern_that_matches_nothing_is_refused():
    with pytest.raises(UserError, match="matches none of the 1 file names"):
        choose_pattern("subject", [b"patient1.png"])


def test_a_patient_is_one_however_the_letters_of_the_name_are_put_together():
    names = [os.fsencode(unicodedata.normalize(form, "M\u00fcller_1.png")) for form in ("NFC", "NFD")]
    for pattern in (r"^([^_]+)_", "M\u00fcller", "Mu\u0308ller"):
        assert len({group_of(pattern, name) for name in names}) == 1
        assert unmatched(pattern, names) == 0
