"""Dossiers for tests of documents, and the words of a document."""

import datetime
from dataclasses import replace

import docx
from answers import (
    closed_forms,
    detectable_difference,
    operations,
    power_answer,
    size_answer,
    sweep_answer,
)

from simulator.planning.reconcile import reconcile
from simulator.report.document.blocks import (
    Heading,
    Paragraph,
    Table,
    spans,
)
from simulator.report.document.dossier import Dossier, Provenance, ScenarioValue
from simulator.report.document.word import write_word
from simulator.scenario.sources import source_of

WRITTEN = datetime.datetime(2026, 11, 27, 4, 30, tzinfo=datetime.UTC)


def valued(key, value, comment="", works=None):
    """A value of a scenario with the source that a comment is."""
    return ScenarioValue(key, value, source_of(comment), works or {})


LENGTHS = ("paragraph", "page", "full")


VALUES = (
    valued("trial.registry_id", "NCT05484908", ""),
    valued("trial.planned_completion_date", datetime.date(2024, 12, 31), ""),
    valued("trial.target_randomised", 60, "registry"),
    valued("trial.follow_up_days", 84, "registry: 12 weeks"),
    valued("allocation.ratio[0]", 1, "registry"),
    valued("allocation.ratio[1]", 1, "registry"),
    valued("hazard.mortality_targets.PE", 0.45, "assumption: *borrowed* [0.3]"),
    valued("hazard.baseline.mortality_at_horizon", "solved", ""),
    valued("hazard.effect.hazard_ratio", 0.85, ""),
    valued("hazard.frailty_log_sd", 0, "assumption"),
    valued("exits.loss.net_probability", 0.05, "assumption"),
)


def dossier(power=None, **changes):
    given = {
        "power": power or power_answer(),
        "values": VALUES,
        "provenance": Provenance("trialsim grant mine", {"numpy": "2.1"}, WRITTEN),
        "closed_forms": closed_forms(),
        "detectable": detectable_difference(),
    }
    return Dossier(**(given | changes))


def searched(power=None, found=None, planned=60, **changes):
    """A dossier with a search for the size, made to agree as a justification does."""
    agreed = reconcile(power or power_answer(), (found or size_answer(),), planned)
    given = {"power": agreed.power, "sizes": agreed.more, "needed": agreed.needed}
    return dossier(**given, run=agreed.run, **changes)


def with_operations(**changes):
    return dossier(power_answer(operations=operations(**changes)))


def sweep_of_two_keys():
    sweep, key = sweep_answer(), "unit.machines"
    points = [replace(p, values={**p.values, key: 6}) for p in sweep.points]
    return replace(sweep, keys=(*sweep.keys, key), base={**sweep.base, key: 6}, points=points)


def words(document):
    """All text of a document, without marks and with plain spaces."""
    found = []
    for block in document.blocks:
        if isinstance(block, Heading | Paragraph):
            found.append(block.text)
        elif isinstance(block, Table):
            found += [
                block.caption,
                block.note,
                *(c for row in (block.header, *block.rows) for c in row),
            ]
    said = [[s.text for s in spans(text) if s.kind in ("text", "emphasis")] for text in found]
    return plain(" ".join("".join(parts) for parts in said))


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{EN DASH}", "-")


def word_file(document, path):
    write_word(document, path)
    return docx.Document(str(path))


def table_of(document, name):
    return next(b for b in document.blocks if isinstance(b, Table) and b.name == name)
