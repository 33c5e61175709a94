"""What was changed in a manifest is never shown as what was asked."""

import json
import os
import socket

import pytest
from stored import question, tree, written

from simulator.store import Question, StoreError, look, manifest, read_run
from simulator.store.reading import read_bytes


@pytest.fixture
def run(tmp_path):
    return written(tmp_path / "run", question(asked={"n": 1, "of": {2: "b", 10: "a"}}))


def changed(run, change, *, checksum=False):
    """Change the manifest of a run, and its checksum to fit if that is asked for."""
    path = run / manifest.MANIFEST
    plain = json.loads(path.read_text())
    change(plain)
    if checksum:
        del plain["checksum"]
        manifest.write_manifest(run, plain)
    else:
        path.write_text(json.dumps(plain))


def set_target(plain):
    plain["question"]["scenario"]["trial"]["target_randomised"] = 600


@pytest.mark.parametrize("checksum", [False, True], ids=["alone", "with its checksum"])
def test_a_target_that_was_changed_is_refused(run, checksum):
    changed(run, set_target, checksum=checksum)
    said = "another question than the one" if checksum else "was changed since the run was written"
    asked = question()
    for read in (read_run, lambda it: look(it, asked.digest, replace=False)):
        with pytest.raises(StoreError, match=said) as error:
            read(run)
        assert error.value.path == run
        assert error.value.remedy == "give its command again, with --force"
    assert look(run, asked.digest, replace=True).kept is None  # as the remedy says


@pytest.mark.parametrize(
    "key", ["command", "ended", "versions", "machine", "bytes", "digest", "program"]
)
def test_a_key_that_was_changed_or_is_gone_is_refused(run, key):
    before = (run / manifest.MANIFEST).read_bytes()
    changed(run, lambda plain: plain.pop(key))
    with pytest.raises(StoreError, match=manifest.MANIFEST):
        read_run(run)
    (run / manifest.MANIFEST).write_bytes(before)
    changed(run, lambda plain: plain.update({key: {} if isinstance(plain[key], dict) else "x"}))
    with pytest.raises(StoreError, match=r"manifest\.json was changed"):
        read_run(run)


def test_a_manifest_without_a_checksum_is_refused(run):
    changed(run, lambda plain: plain.pop("checksum"))
    with pytest.raises(StoreError, match="has no checksum: it was changed, or an earlier version"):
        read_run(run)


def test_one_that_was_laid_out_anew_is_the_same(run):
    changed(run, lambda _: None)
    assert read_run(run).question.asked["n"] == 1


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "a//b", "./a"])
def test_a_file_of_a_run_is_inside_it(run, name):
    changed(run, lambda plain: plain["files"].update({name: "0"}), checksum=True)
    with pytest.raises(StoreError, match="broken"):
        read_run(run)


@pytest.mark.parametrize("name", ["manifest.json", "estimates.json", "data/recruitment.csv"])
@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "folder", "link to a pipe", "huge"])
def test_what_is_no_regular_file_of_sane_size_is_not_waited_for(run, name, kind, monkeypatch):
    path = run / name
    path.unlink()
    monkeypatch.chdir(path.parent)  # a socket's path must be short
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind(path.name)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "link to a pipe":
        os.mkfifo(run.parent / "pipe")
        path.symlink_to(run.parent / "pipe")
    else:
        path.touch()
        os.truncate(path, 1 << 40)
    monkeypatch.chdir(run.parent)
    with pytest.raises(StoreError, match=name):
        read_run(run)
    with pytest.raises(StoreError):
        look(run, question().digest, replace=False)


def test_a_file_that_grows_while_it_is_read_is_not_read_for_ever(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bytes(path, 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_bytes(path, 4)


def test_a_question_that_is_read_again_has_the_same_digest():
    asked = question(asked={"of": {2: (1, float("nan")), 10: "a"}, "when": (1, 2)})
    plain = json.loads(json.dumps(json.loads(manifest.to_json(asked.plain()))))
    assert Question(**plain).digest == asked.digest


def test_reading_changes_nothing(run):
    before = tree(run)
    read_run(run)
    look(run, question().digest, replace=True)
    assert tree(run) == before
