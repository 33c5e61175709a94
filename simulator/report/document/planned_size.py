"""The planned number of patients: by arm, where it is from, and how many are recruited."""

from simulator.report.document.arm_words import with_arm
from simulator.report.document.dossier import (
    Dossier,
    matching,
    planned_by_arm,
    planned_patients,
)
from simulator.report.document.numbers import count, listed, rounded_mean
from simulator.report.document.sources import source_in_brackets, source_in_words
from simulator.results.sources import SourceKind


def size_in_words(dossier: Dossier) -> str:
    """Planned number of patients, by arm where the ratio divides it."""
    total, shares = planned_patients(dossier), planned_by_arm(dossier)
    if shares is None:
        return f"{count(total)} patients"
    if len(set(shares)) == 1:
        return f"{count(total)} patients ({count(shares[0])} per arm)"
    split = [f"{n} {with_arm(arm)}" for n, arm in zip(shares, dossier.power.arms, strict=True)]
    return f"{count(total)} patients ({listed(split)})"


def size_origin_sentence(dossier: Dossier) -> str:
    """Say where the planned number is from; empty where the scenario's values are not known."""
    found = matching(dossier, "trial.target_randomised")
    if not found:
        return ""
    patients = f"{count(planned_patients(dossier))} patients"
    if found[0].source.kind is SourceKind.REGISTRY:
        return (
            f"{patients} is the registered size ({source_in_brackets(found[0])}); it was not "
            f"derived from a {'power ' * dossier.power.verdict.is_power}calculation here."
        )
    if not found[0].source.is_given:
        return f"Why {patients} were chosen is left to the applicants."
    return f"The scenario gives as the source of {patients}: “{source_in_words(found[0])}”."


def planned_in_words(dossier: Dossier) -> str:
    """Planned number of patients, and how many are randomised where those are fewer."""
    words, o = size_in_words(dossier), dossier.power.operations
    if not o.recruitment_is_the_limit:
        return words
    return f"{words} planned, of whom {rounded_mean(o.randomised)} are recruited on average,"


def limit_sentence(dossier: Dossier) -> str:
    """Say that recruitment is the limit, and how many it brings; empty where it is not."""
    o = dossier.power.operations
    if not o.recruitment_is_the_limit:
        return ""
    return (
        f"Recruitment is the limit: {rounded_mean(o.randomised)} are randomised on average, and "
        "what follows is of these."
    )
