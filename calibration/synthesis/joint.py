"""The answer of a synthesis: parameters, sensitivity, what a scenario is to hold, draws."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from calibration.synthesis.heterogeneity import HALF_CAUCHY, HeterogeneityPrior
from calibration.synthesis.posterior import Distribution, NormalPrior
from calibration.synthesis.studies import SHIPPED_NAME, Study, read_studies
from calibration.synthesis.synthesis import (
    Assumptions,
    draw,
    interval_of,
    likelihood_of,
    own_interval,
    parameter_prior,
    posterior_of,
    prior_distribution,
    risk_ratio,
    used_of,
)
from simulator.results.base import Row
from simulator.results.prior import (
    Parameter,
    ParameterPrior,
    Prior,
    PriorFor,
    PriorStudy,
    SensitivityAnalysis,
    StudyUse,
    UncertainKeys,
)
from simulator.version import program_version

# Keys of the base case. Its second modality's ratio is against medical treatment too.
MORTALITY_KEY = "hazard.mortality_targets.PE"
COURSE_KEYS = (
    "modalities[PE].full_course_hazard_ratio",
    "modalities[DPMAS+LPE].full_course_hazard_ratio",
)
DIRECT_KEY = "hazard.effect.hazard_ratio"  # of a scenario without modalities
MOST_DRAWS = 100_000
_VAGUE = 10.0
_SET_ASIDE_WEIGHT = 0.5


def synthesise(
    path: Path | None = None,
    assumed: Assumptions | None = None,
    *,
    draws: int = 0,
    seed: int = 1,
) -> Prior:
    """Return the joint prior that studies and assumptions amount to.

    Parameters
    ----------
    path
        A file of studies; None: those that come with the program.
    draws
        How many joint draws to make.

    Raises
    ------
    ScenarioError
        If the file cannot be used.
    """
    assumed = Assumptions() if assumed is None else assumed
    studies = read_studies(path)
    summaries: dict[Parameter, ParameterPrior] = {}
    distributions: dict[Parameter, Distribution] = {}
    for parameter in Parameter:
        if used_of(studies, parameter):
            found = parameter_prior(parameter, studies, assumed)
            summaries[parameter], distributions[parameter] = found
    return Prior(
        file=SHIPPED_NAME if path is None else str(path),
        heterogeneity=str(assumed.heterogeneity),
        prior_for=assumed.prior_for,
        seed=seed,
        version=program_version(),
        studies=tuple(_shown(study) for study in studies),
        parameters=tuple(summaries.values()),
        without_evidence=tuple(p for p in Parameter if p not in summaries),
        risk_ratio=risk_ratio(studies),
        sensitivity=tuple(_sensitivity(studies, summaries, assumed)),
        uncertain=tuple(_uncertain(studies, summaries)),
        draws=tuple(_draw_rows(distributions, draws, seed)),
    )


def _shown(study: Study) -> PriorStudy:
    own = own_interval(study)
    values = study._asdict()
    for column in ("measure", "estimate", "low", "high", "control_risk"):
        del values[column]
    return PriorStudy(**values, estimate=own.estimate, low=own.low, high=own.high)


def _sensitivity(
    studies: Sequence[Study], summaries: Mapping[Parameter, ParameterPrior], assumed: Assumptions
) -> Iterator[SensitivityAnalysis]:
    """The prior of every parameter under other assumptions, one changed at a time."""
    for parameter in summaries:
        used = used_of(studies, parameter)
        own = [likelihood_of(study, study.weight) for study in used]

        def under(
            change: str,
            given: list,  # type: ignore[type-arg]
            changed: Assumptions = assumed,
            parameter: Parameter = parameter,
        ) -> SensitivityAnalysis:
            posterior = posterior_of(parameter, given, changed)
            distribution = prior_distribution(parameter, posterior, changed)
            return SensitivityAnalysis(parameter, change, interval_of(parameter, distribution))

        for scale in _other_scales(assumed.heterogeneity):
            yield under(str(scale), own, assumed._replace(heterogeneity=scale))
        other = next(whose for whose in PriorFor if whose is not assumed.prior_for)
        yield under(other.value.replace("_", " "), own, assumed._replace(prior_for=other))
        vague = {**assumed.priors, parameter: NormalPrior(0.0, _VAGUE)}
        yield under("vague prior of the mean", own, assumed._replace(priors=vague))
        none = {**assumed.extrapolation, parameter: 0.0}
        yield under("no extrapolation", own, assumed._replace(extrapolation=none))
        yield under("weights halved", [likelihood_of(s, s.weight / 2) for s in used])
        yield under("weights of 1", [likelihood_of(s, 1.0) for s in used])
        if len(used) > 1:
            for place, study in enumerate(used):
                yield under(f"without {study.study}", own[:place] + own[place + 1 :])
        for study in studies:
            if study.parameter is parameter and study.use is StudyUse.USED and study.weight == 0:
                more = [*own, likelihood_of(study, _SET_ASIDE_WEIGHT)]
                yield under(f"with {study.study} at {_SET_ASIDE_WEIGHT}", more)


def _other_scales(own: HeterogeneityPrior) -> list[HeterogeneityPrior]:
    narrow, wide = own.scale / 2, own.scale * 2
    found = [HeterogeneityPrior(own.kind, narrow), HeterogeneityPrior(own.kind, wide)]
    other = "half_normal" if own.kind == HALF_CAUCHY.kind else HALF_CAUCHY.kind
    return [*found, HeterogeneityPrior(other, own.scale)]


def _uncertain(
    studies: Sequence[Study], summaries: Mapping[Parameter, ParameterPrior]
) -> Iterator[UncertainKeys]:
    """What a scenario is to hold."""
    mortality = summaries.get(Parameter.MORTALITY)
    if mortality is not None:
        fit = mortality.fitted
        source = _source(studies, Parameter.MORTALITY)
        yield UncertainKeys(
            (MORTALITY_KEY,), fit.distribution, (fit.median,), (fit.sd,), None, source
        )
    course, contrast = summaries.get(Parameter.COURSE), summaries.get(Parameter.CONTRAST)
    if contrast is None:
        return
    fit = contrast.fitted
    if course is None:
        source = _source(studies, Parameter.CONTRAST)
        yield UncertainKeys((DIRECT_KEY,), fit.distribution, (fit.median,), (fit.sd,), None, source)
        return
    # The second course's log ratio is the first one's and the contrast's, which are independent.
    first = course.fitted
    sd = math.hypot(first.sd, fit.sd)
    medians = (first.median, first.median * fit.median)
    source = _source(studies, Parameter.COURSE, Parameter.CONTRAST)
    yield UncertainKeys(
        COURSE_KEYS, fit.distribution, medians, (first.sd, sd), first.sd / sd, source
    )


def _source(studies: Sequence[Study], *parameters: Parameter) -> str:
    """Where uncertain keys come from, as a scenario's sources are written."""
    rows = {row for p in parameters for study in used_of(studies, p) for row in study.rows}
    named = f" [{' '.join(sorted(rows))}]" if rows else ""
    return f"derived{named}: trialsim prior; assumed for these patients"


def _draw_rows(
    distributions: Mapping[Parameter, Distribution], count: int, seed: int
) -> Iterator[Row]:
    if count == 0:
        return
    found = draw(distributions, count, seed)
    columns = {parameter.value: values for parameter, values in found.items()}
    if Parameter.COURSE in found and Parameter.CONTRAST in found:
        both = found[Parameter.COURSE] * found[Parameter.CONTRAST]
        columns["second_course_hazard_ratio"] = both
    names = list(columns)
    for values in np.column_stack(list(columns.values())):
        yield {name: float(value) for name, value in zip(names, values, strict=True)}
