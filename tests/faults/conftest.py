"""What fault tests share: a place to run in, and undisturbed answers to compare with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_driver import Place
from questions import QUESTIONS


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty working folder."""
    return Place(tmp_path / "place")


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Place]:
    """Empty working folders, as many as are asked for."""
    return (Place(tmp_path / f"place{number}") for number in range(1000))


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[str, ...]], Place]:
    """The place where a question was answered once with nothing in its way, kept for all tests."""
    answered: dict[tuple[str, ...], Place] = {}

    def undisturbed(question: tuple[str, ...]) -> Place:
        if question not in answered:
            answered[question] = Place(tmp_path_factory.mktemp("undisturbed"))
            answered[question].finish(*question)
        return answered[question]

    return undisturbed


@pytest.fixture(params=list(QUESTIONS))
def question(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Each question in turn."""
    return QUESTIONS[request.param]
