"""Command lines gone wrong: each ends with a status and a message, and never with a traceback.

No command gets as far as to work: loading a scenario, reading a run and counting exactly are
replaced by a refusal, so that what is met is the door.
"""

import shlex

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from simulator import cli
from simulator.cli import report
from simulator.errors import UNSHOWN
from simulator.planning import exact as exact_planning
from simulator.scenario import loader
from simulator.scenario.errors import Problem, ScenarioError

GOOD = (
    "power two-arm-survival --trials 100 --seed 3 --jobs 1 --out a --json",
    "power two-arm-survival --precision 0.01 --engine reference --by-trial --force",
    "power two-arm-survival --certify --trials 10",
    "sweep two-arm-survival --vary trial.target_randomised=40,60 --trials 10 --yes",
    "size two-arm-survival --power 0.9 --by trial.target_randomised --between 20,90 --within 3",
    "allocation two-arm-survival --schemes complete,efron(2/3) --n 20 --trials 10",
    "allocation two-arm-survival --schemes complete --list a.csv --for-use --seed 9",
    "allocation two-arm-survival --schemes complete --trial 3 --json",
    "allocation two-arm-survival --schemes all --metrics-only --effect 0.5",
    "allocation two-arm-survival --schemes complete --bias shift:2 --drift linear:2",
    "boundaries --information 0.5,1 --spending pocock --alpha 0.025 --sides 2 --power 0.8",
    "monitor two-arm-survival --observed a.yaml --full --out m --force --json",
    "exact --test fisher --n 30,30 --p 0.6,0.3 --alpha 0.05 --prior 1,1 --power 0.8",
    "trace two-arm-survival --trial 0 --patient 1 --out t",
    "report run more --format html --length page --out a.html --force",
    "compare two-arm-survival nct05484908 -n 1e4 --seed 3 --jobs 1 --analysis log_rank --json",
    "sweep two-arm-survival --vary n=60:600:60 -n 10k --analysis log_rank --power-target 0.9",
    "sweep two-arm-survival --vary allocation.ratio=[1,1],[2,1] --vary sites[A]={a:1},null -n 9",
    "scenarios two-arm-survival",
    "--version",
    "power -h",
    "schema --of power",
)
WORDS = (
    *("", " ", "-", "--", "---", "-1", "0", "1e400", "-1e400", "nan", "inf", "9" * 400, "1/0", "½"),
    *(",", ",,", "1,", "1,2,3", "x,y", "=", "a=", "=1", "a=b=c", "a[0]=1", "a.b", ".", "..", "/"),
    *("/dev/null", "~", "*", "$HOME", "`id`", "a\nb", "\x1b[31m", "\u202e", "\udcff", "漢字", "👩"),
    *("--json", "--out", "--help", "--version", "--trials", "--no-such", "-x", "x" * 5_000, "("),
    *("1e4", "10kk", "-n", "-h", "1:2", "1:9:0", "[", "[1,1]", "{a:1}", "'", "looks", "--looks"),
    *("efron(", "efron()", "efron(1,2,3)", "efron(a)", "all", "linear:", "shift:0", "defer:1:a>b:"),
)  # fmt: skip


def stop(*_: object, **__: object) -> None:
    raise ScenarioError(Problem("stopped.yaml", 1, "", "", "is not to be run", "stop here"))


@pytest.fixture
def door_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "load_scenario", stop)
    monkeypatch.setattr(report, "_read", stop)
    monkeypatch.setattr(exact_planning, "exact_answer", stop)


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """A good command line with one to three words put in, left out, exchanged or doubled."""
    words = shlex.split(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(words) - 1))
        how = draw(st.sampled_from(("put in", "leave out", "exchange", "double", "join")))
        if how == "put in":
            words.insert(place, draw(st.sampled_from(WORDS)))
        elif how == "exchange":
            words[place] = draw(st.sampled_from(WORDS))
        elif how == "double":
            words.insert(place, words[place])
        elif how == "join":
            words[place] += draw(st.sampled_from(WORDS))
        elif len(words) > 1:
            del words[place]
    return words


@pytest.mark.parametrize(
    ("of_seed", "lines"),
    [(0, 100), *(pytest.param(of_seed, 250, marks=pytest.mark.slow) for of_seed in range(4))],
)
def test_a_mutated_command_line_ends_with_a_status_and_a_message(
    of_seed, lines, door_alone, folder, monkeypatch, capsys
):
    @seed(of_seed)
    @settings(
        max_examples=lines,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(command_lines())
    def each(words: list[str]) -> None:
        monkeypatch.setattr("sys.argv", ["trialsim", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert ended.value.code in (None, 0, 1, 2), words
        assert "Traceback" not in err, words
        assert not UNSHOWN.search("".join(err.splitlines())), words
        if ended.value.code == 2:
            assert out == "", words
            assert err, words
        assert not list(folder.iterdir()), words

    each()
