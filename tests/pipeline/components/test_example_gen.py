import os

from pipeline.components.example_gen import fingerprint


def test_files_that_change_come_or_go_change_the_fingerprint(tmp_path):
    scans = tmp_path / "scans"
    (scans / "a").mkdir(parents=True)
    seen = [fingerprint(scans)]
    (scans / "a" / "1.png").write_bytes(b"one")
    seen.append(fingerprint(scans))
    (scans / "a" / "1.png").write_bytes(b"longer")
    seen.append(fingerprint(scans))
    (scans / "a" / "1.png").rename(scans / "a" / "2.png")
    seen.append(fingerprint(scans))
    assert len(set(seen)) == 4
    assert fingerprint(scans) == seen[-1]


def test_a_pattern_takes_what_it_matches(tmp_path):
    for name in ("1.png", "2.png", "3.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    before = fingerprint(tmp_path / "*.png")
    (tmp_path / "3.jpg").unlink()
    assert fingerprint(tmp_path / "*.png") == before
    (tmp_path / "2.png").unlink()
    assert fingerprint(tmp_path / "*.png") != before


def test_links_that_loop_or_lead_nowhere_do_no_harm(tmp_path):
    os.symlink(tmp_path, tmp_path / "loop")
    os.symlink(tmp_path / "missing", tmp_path / "nowhere")
    assert fingerprint(tmp_path) == fingerprint(tmp_path)
