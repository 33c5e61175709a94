"""Works that a document cites: those on methods, the registry record, the evidence."""

from simulator.report.document.blocks import Block, Reference, References, cited, literal
from simulator.report.document.dossier import EVIDENCE, REGISTRY, Dossier
from simulator.report.evidence_words import reference_text

_WORKS = {
    "delta2": (
        "Cook JA, Julious SA, Sones W, et al. DELTA2 guidance on choosing the target difference "
        "and undertaking and reporting the sample size calculation for a randomised controlled "
        "trial. BMJ 2018;363:k3750.",
        "https://doi.org/10.1136/bmj.k3750",
    ),
    "ademp": (
        "Morris TP, White IR, Crowther MJ. Using simulation studies to evaluate statistical "
        "methods. Statistics in Medicine 2019;38:2074-2102.",
        "https://doi.org/10.1002/sim.8086",
    ),
    "stress": (
        "Monks T, Currie CSM, Onggo BS, Robinson S, Kunc M, Taylor SJE. Strengthening the "
        "reporting of empirical simulation studies: introducing the STRESS guidelines. Journal of "
        "Simulation 2019;13:55-67.",
        "https://doi.org/10.1080/17477778.2018.1442155",
    ),
    "spirit": (
        "Chan AW, Boutron I, Hopewell S, et al. SPIRIT 2025 statement: updated guideline for "
        "protocols of randomised trials. BMJ 2025;389:e081477.",
        "https://doi.org/10.1136/bmj-2024-081477",
    ),
    "philox": (
        "Salmon JK, Moraes MA, Dror RO, Shaw DE. Parallel random numbers: as easy as 1, 2, 3. In: "
        "Proceedings of SC11. ACM; 2011.",
        "https://doi.org/10.1145/2063384.2063405",
    ),
    "jennison": (
        "Jennison C, Turnbull BW. Group sequential methods with applications to clinical trials. "
        "Chapman and Hall/CRC; 2000.",
        "https://doi.org/10.1201/9780367805326",
    ),
    "damocles": (
        "DAMOCLES Study Group. A proposed charter for clinical trial data monitoring committees: "
        "helping them to do their job well. Lancet 2005;365:711-722.",
        "https://doi.org/10.1016/S0140-6736(05)17965-3",
    ),
    "maurer": (
        "Maurer W, Bretz F. Multiple testing in group sequential trials using graphical "
        "approaches. Statistics in Biopharmaceutical Research 2013;5:311-320.",
        "https://doi.org/10.1080/19466315.2013.807748",
    ),
    "schoenfeld": (
        "Schoenfeld DA. Sample-size formula for the proportional-hazards regression model. "
        "Biometrics 1983;39:499-503.",
        "https://doi.org/10.2307/2531021",
    ),
    "freedman": (
        "Freedman LS. Tables of the number of patients required in clinical trials using the "
        "logrank test. Statistics in Medicine 1982;1:121-129.",
        "https://doi.org/10.1002/sim.4780010204",
    ),
    "farrington_manning": (
        "Farrington CP, Manning G. Test statistics and sample size formulae for comparative "
        "binomial trials with null hypothesis of non-zero risk difference or non-unity relative "
        "risk. Statistics in Medicine 1990;9:1447-1454.",
        "https://doi.org/10.1002/sim.4780091208",
    ),
    "agresti": (
        'Agresti A, Coull BA. Approximate is better than "exact" for interval estimation of '
        "binomial proportions. The American Statistician 1998;52:119-126.",
        "https://doi.org/10.1080/00031305.1998.10480550",
    ),
    "blackwell": (
        "Blackwell D. Conditional expectation and unbiased sequential estimation. Annals of "
        "Mathematical Statistics 1947;18:105-110.",
        "https://doi.org/10.1214/aoms/1177730497",
    ),
    "glasserman": (
        "Glasserman P. Monte Carlo methods in financial engineering. Springer; 2004.",
        "https://doi.org/10.1007/978-0-387-21617-1",
    ),
    "wilson": (
        "Wilson EB. Probable inference, the law of succession, and statistical inference. Journal "
        "of the American Statistical Association 1927;22:209-212.",
        "https://doi.org/10.1080/01621459.1927.10502953",
    ),
    "e9": (
        "International Council for Harmonisation. ICH E9(R1): Addendum on estimands and "
        "sensitivity analysis in clinical trials to the guideline on statistical principles for "
        "clinical trials. 2019.",
        "https://database.ich.org/sites/default/files/E9-R1_Step4_Guideline_2019_1203.pdf",
    ),
    "gelman": (
        "Gelman A, Carlin J. Beyond power calculations: assessing Type S (sign) and Type M "
        "(magnitude) errors. Perspectives on Psychological Science 2014;9:641-651.",
        "https://doi.org/10.1177/1745691614551642",
    ),
}


def references(dossier: Dossier, blocks: tuple[Block, ...]) -> References:
    """Works that are cited, numbered in the order of their first citation."""
    return References(tuple(_reference(dossier, key) for key in cited(blocks)))


def _reference(dossier: Dossier, key: str) -> Reference:
    if key == REGISTRY:
        return Reference(key, *_registry(dossier.value("trial.registry_id") or ""))
    if key.startswith(EVIDENCE):
        row = dossier.evidence[key.removeprefix(EVIDENCE)]
        return Reference(key, literal(reference_text(row)), row.address)
    return Reference(key, *_WORKS[key])


def _registry(registry_id: str) -> tuple[str, str]:
    if registry_id == "NCT05484908":
        title = "Efficacy and safety of ALSS treatment for ICIs-LF in patients with HCC. "
    else:
        title = ""
    if registry_id.startswith("NCT"):
        where = "ClinicalTrials.gov identifier"
        return (
            f"{title}{where} {literal(registry_id)}.",
            f"https://clinicaltrials.gov/study/{registry_id}",
        )
    return f"Registry record {literal(registry_id)}.", ""
