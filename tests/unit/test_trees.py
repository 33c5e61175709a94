"""The tree of a text that was read before is the tree that the parser makes of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.scenario import trees
from simulator.scenario.errors import ScenarioError
from simulator.scenario.shipped import shipped_names, shipped_path
from simulator.scenario.trees import read_tree
from simulator.scenario.yaml_reader import Reader

TEXTS = {
    "date and words": "a: 2027-01-04  # when\nb: [yes, no, ~, 'x', 1e-3, .5, -0.0, 12]\n",
    "nested": "a:\n  - {b: {c: []}}\n  - |\n    text\n    # no comment\nd: {}\n",
    "unicode": "ä: 'ö\u2028'  # ß\n'1': \"\\U0001F600\"\n",
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def kept_and_parsed(text):
    read_tree(text, "once.yaml")
    return read_tree(text, "file.yaml")[0], Reader(text, "file.yaml").root()


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_file_has_the_same_tree_from_the_cache(name, monkeypatch):
    text = shipped_path(name).read_text("utf-8")
    kept, parsed = kept_and_parsed(text)
    assert repr(kept) == repr(parsed)
    monkeypatch.setattr(trees, "Reader", None)  # it is not parsed again
    assert repr(read_tree(text, "file.yaml")[0]) == repr(parsed)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_value_has_the_same_tree_from_the_cache(text):
    kept, parsed = kept_and_parsed(text)
    assert repr(kept) == repr(parsed)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from("abcd"), st.floats() | st.integers() | st.booleans()))
def test_numbers_come_back_to_the_bit(values):
    text = "first: 1\n" + "".join(f"{key}: {value}\n" for key, value in values.items())
    assert repr(read_tree(text, "f")[0]) == repr(read_tree(text, "f")[0])


@pytest.mark.parametrize("text", ["a: &x 1\n", "a: 1\na: 2\n", "a: 2027-02-30\n"])
def test_what_is_wrong_as_yaml_is_told_every_time(text, tmp_path):
    for _ in range(2):
        assert len(read_tree(text, "f")[1]) == 1
    assert not (tmp_path / "trialsim").exists()


def test_what_has_no_tree_is_refused_every_time():
    for _ in range(2):
        with pytest.raises(ScenarioError):
            read_tree("a: [", "f")


@pytest.mark.parametrize("broken", ["", "null", "0\n[]"])
def test_a_kept_tree_that_is_broken_is_made_anew(tmp_path, broken):
    first = read_tree("a: 1\n", "f")[0]
    (kept,) = (tmp_path / "trialsim" / "trees").rglob("*.json")
    text = kept.read_text()
    kept.write_text(broken)
    assert repr(read_tree("a: 1\n", "f")[0]) == repr(first)
    assert kept.read_text() == text
