"""What a user can ask for is described where they would look for it."""

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import typer.main

from simulator import cli
from simulator.allocation import SCHEMES
from simulator.allocation.notation import example_of
from simulator.analysis import plans_of
from simulator.draws import Purpose
from simulator.engines.reference.clock import Kind
from simulator.records import Patients, Sessions, Trials, columns
from simulator.scenario.analyses import AnalysisBase, Multiplicity
from simulator.scenario.json_schema import json_schema
from simulator.scenario.loader import load_scenario
from simulator.scenario.shipped import shipped_names

ROOT = Path(__file__).parents[2]


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_command_is_in_the_readme():
    commands = typer.main.get_command(cli.app).commands
    assert commands
    for name in commands:
        assert f"trialsim {name}" in page("README.md")


def test_every_shipped_scenario_is_named_in_the_readme_or_the_changelog():
    for name in shipped_names():
        assert name in page("README.md") or name in page("CHANGELOG.md")


def kinds_of(part: type) -> list[type]:
    """Every model that is one of these, itself included."""
    return [part, *(kind for inner in part.__subclasses__() for kind in kinds_of(inner))]


def words_in(annotation: Any) -> list[str]:
    """Every literal word of an annotation, however deep."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [word for inner in get_args(annotation) for word in words_in(inner)]


@pytest.mark.parametrize("part", [*kinds_of(AnalysisBase), *kinds_of(Multiplicity)])
def test_every_key_and_word_of_an_analysis_is_on_its_pages(part):
    text = "".join(page(str(p.relative_to(ROOT))) for p in ROOT.glob("docs/analyses/*.md"))
    for key, field in part.model_fields.items():
        for word in (key, *words_in(field.annotation)):
            assert f"`{word}`" in text or f"`{word}:" in text or f"{key}: {word}`" in text, word


def test_every_scheme_and_option_is_on_the_page_of_allocation():
    # Each option stands in its own scheme's section: several schemes have a `probability`.
    text = page("docs/allocation.md")
    for word, scheme in SCHEMES.items():
        assert f"\n## `{word}`\n" in text
        section = text.split(f"\n## `{word}`\n")[1].split("\n## ")[0]
        for option in scheme.standard:
            assert f"`{option}`" in section, f"{word}: {option}"


def test_what_the_name_of_a_scheme_alone_stands_for_is_on_the_page_of_allocation():
    text = page("docs/allocation.md")
    for word, scheme in SCHEMES.items():
        assert f"`{example_of(scheme)}`" in text, word


@pytest.mark.parametrize("names", [Purpose, Kind])
def test_every_purpose_and_kind_is_on_the_model_page(names):
    # Kinds stand in words there: UNIT_OPENING is "unit opening".
    text = page("docs/model.md")
    for member in names:
        words = member.name.lower().replace("_", " ")
        assert f"`{member.name}`" in text or words in text.lower()


def undescribed(part: Any, path: str) -> list[str]:
    """Keys of a JSON Schema without a description, `kind` and list items apart."""
    found = []
    for name, value in part.get("properties", {}).items():
        if name != "kind" and "description" not in value:
            found.append(f"{path}.{name}")
    return found


def test_every_key_of_a_scenario_is_described_in_its_schema():
    schema = json_schema()
    parts = {"": schema, **schema["$defs"]}
    assert [key for name, part in parts.items() for key in undescribed(part, name)] == []


@pytest.mark.parametrize("table", [Trials, Patients, Sessions])
def test_every_column_of_the_records_has_a_unit_and_a_meaning(table):
    assert all(column.unit and column.meaning for column in columns(table).values())


def examples() -> dict[str, str]:
    """Scenarios shown on pages; a part of one stands for a change of the real trial."""
    found = {}
    for file in [ROOT / "README.md", *sorted(ROOT.glob("docs/analyses/*.md"))]:
        shown = re.findall(r"```yaml\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL)
        for number, text in enumerate(shown):
            head = "" if "extends:" in text else "extends: nct05484908\nname: shown\ntitle: shown\n"
            found[f"{file.stem} {number}"] = head + text
    return found


@pytest.mark.parametrize("name", examples())
def test_every_scenario_on_a_page_is_one_that_can_be_simulated(name, tmp_path):
    (tmp_path / "shown.yaml").write_text(examples()[name], encoding="utf-8")
    scenario = load_scenario(tmp_path / "shown.yaml").scenario
    assert plans_of(scenario)


def test_links_between_pages_lead_somewhere():
    for file in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", file.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (file.parent / target).exists(), f"{file.name}: {target}"
