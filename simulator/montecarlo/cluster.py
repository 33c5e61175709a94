"""Workers of a dask cluster: units of work as pure tasks, on any number of machines.

A task is sent what it is a function of and gives back a unit. It rests on nothing else of the
worker but the program, of which it makes sure first. What a worker that was killed took with it,
the scheduler has another one do; units that came back are kept where the command runs.
"""

import asyncio
import logging
import pickle
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError
from functools import lru_cache, partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from simulator.errors import ClusterError
from simulator.interrupts import GO_ON
from simulator.log import count, event
from simulator.montecarlo.evaluation import Engine, Evaluation
from simulator.montecarlo.open_unit import UnitResult
from simulator.montecarlo.units import run_unit
from simulator.montecarlo.work import Done, Results, Work
from simulator.montecarlo.work_key import program
from simulator.params.types import Params

if TYPE_CHECKING:
    from distributed import Client, Future

_SECONDS_TO_ANSWER = 5.0
_SECONDS_A_HEARTBEAT = 1.0
_SECONDS_WITHOUT_SCHEDULER = 5.0
_SECONDS_WITHOUT_WORKERS = 15.0
_MOST_KILLED = 25  # workers that died of one unit
_GONE = "cancelled", "lost"
# Left alone, dask looks at itself so often that three workers take an eighth of a core at rest.
_QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "1s",
}
_AHEAD = 2  # units for each thread of the cluster
_MOST_THREADS = 4_096


class Cluster:
    """A dask cluster, connected to when it is first needed.

    Parameters
    ----------
    scheduler
        Its address, as tcp://host:8786; None: a cluster of this machine, on the loopback.
    jobs
        Workers of a cluster of this machine.
    tell
        Called with a line on what the user waits for.
    """

    def __init__(self, scheduler: str | None, jobs: int, tell: Callable[[str], None]) -> None:
        self.scheduler, self.tell = scheduler, tell
        self._jobs = jobs
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._client: Client | None = None
        self._local: Any = None

    @property
    def name(self) -> str:
        """How messages call it."""
        return self.scheduler or "the cluster of this machine"

    def client(self) -> "Client":
        """Return the connection, made once.

        Raises
        ------
        ClusterError
            If dask is not installed, or no scheduler answers.
        """
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> "Client":
        try:
            import dask
            from distributed import Client, LocalCluster
        except ImportError:
            rule, remedy = "dask is not installed", "pip install 'trialsim[cluster]'"
            raise ClusterError("--backend dask", rule, remedy) from None
        for name in ("distributed", "tornado", "asyncio"):  # what they say, messages say
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            if self.scheduler is None:
                with dask.config.set(_QUIET):
                    self._local = LocalCluster(
                        n_workers=self._jobs,
                        threads_per_worker=1,
                        host="127.0.0.1",
                        dashboard_address=None,
                        silence_logs=logging.CRITICAL,
                    )
                client = Client(self._local)
            else:
                address = self.scheduler
                client = _within(
                    _SECONDS_TO_ANSWER + 1, lambda: Client(address, timeout=_SECONDS_TO_ANSWER)
                )
        except Exception as error:  # of the network, of certificates, of dask: one message
            why = " ".join(f"{error}".split()) or type(error).__name__
            rule = f"no dask scheduler answers ({why})"
            remedy = "start one with dask scheduler, or leave --backend out"
            raise ClusterError(self.name, rule, remedy) from None
        event("cluster", scheduler=self.name, workers=len(_workers(client)))
        return client

    def threads(self) -> int:
        """Return how many units are worked at at once: at least one, whoever is yet to come."""
        workers = _workers(self.client()).values()
        return min(max(1, sum(int(one["nthreads"]) for one in workers)), _MOST_THREADS)

    def check(self) -> None:
        """Make sure that workers that are new have the program of this command.

        Raises
        ------
        ClusterError
            If one has another, or none.
        """
        client = self.client()
        new = [address for address in _workers(client) if address not in self._known]
        if not new:
            return
        told = client.run(_program_there, workers=new, on_error="ignore")
        for address, theirs in told.items():
            _refuse_another(f"worker {address}", theirs, program())
        self._known |= told.keys()

    def close(self) -> None:
        """Take back what is asked, and end what was started."""
        with self._lock:
            client, local = self._client, self._local
            self._client = self._local = None
        for one in (client, local):
            if one is not None:
                one.close(timeout=3)


def _within(seconds: float, work: Callable[[], Any]) -> Any:
    """Return what some work gives.

    Raises
    ------
    TimeoutError
        If it takes longer; it is left to itself then.
    Exception
        Whatever it raises.
    """
    found: SimpleQueue[tuple[Any, Exception | None]] = SimpleQueue()

    def run() -> None:
        try:
            found.put((work(), None))
        except Exception as error:
            found.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        value, error = found.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"nothing came in {seconds:g} s") from None
    if error is not None:
        raise error
    return value


def by_cluster(works: Iterable[Work], cluster: Cluster, engine: Engine) -> Results:
    """Yield units in their order, those of one run after those of another, a few of them ahead.

    None is yielded every second while a unit is waited for. Units are kept as they come.

    Raises
    ------
    ClusterError
        If the scheduler is lost, or a worker has another program.
    """
    units = ((work, span) for work in works for span in work.spans())
    ahead = _Ahead(cluster, engine)
    try:
        while True:
            while ahead.has_room() and (unit := next(units, None)) is not None:
                ahead.begin(*unit)
            if not ahead.tasks:
                return
            task = ahead.tasks[0]
            if task.work.over:
                ahead.leave()
            elif task.done is not None:
                ahead.tasks.popleft()
                yield task.work, task.done
            elif not ahead.wait():
                yield task.work, None
    finally:
        ahead.cancel()


class _Task:
    """A unit that was asked for: `done` once it is there."""

    def __init__(self, work: Work, first: int, trials: int, done: Done | None) -> None:
        self.work, self.first, self.trials, self.done = work, first, trials, done
        self.future: Future | None = None
        self.killed = 0


class _Ahead:
    """Units that were asked for, in their order."""

    def __init__(self, cluster: Cluster, engine: Engine) -> None:
        self.tasks = deque[_Task]()
        self._cluster, self._client, self._engine = cluster, cluster.client(), engine
        self._most, self._looked = _AHEAD * cluster.threads(), time.monotonic()
        self._lost = self._idle = 0.0
        cluster.check()
        self._asked: tuple[Work | None, Any] = (None, None)

    def has_room(self) -> bool:
        """Whether more may be asked for."""
        return len(self.tasks) < self._most

    def begin(self, work: Work, span: tuple[int, int]) -> None:
        """Ask for a unit, if it is not kept."""
        found = work.found(*span)
        if found is not None:
            done = Done(found, partial(self._short, work, span[0]), was_kept=True)
            self.tasks.append(_Task(work, *span, done))
            return
        task = _Task(work, *span, None)
        self._submit(task)
        self.tasks.append(task)

    def _submit(self, task: _Task) -> None:
        of, asked = self._asked
        if of is not task.work:  # what all tasks of a run share is sent once, and can be had again
            import cloudpickle

            packed = cloudpickle.dumps((task.work.params, task.work.asked))
            asked = self._client.submit(_itself, packed, pure=False)
            self._asked = task.work, asked
        what = program(), asked, self._engine, task.work.seed, task.first, task.trials
        task.future = self._client.submit(_worked_at, *what, pure=False, retries=1)

    def _short(self, work: Work, first: int, trials: int) -> UnitResult:
        """Have the first trials of a unit."""
        found = work.found(first, trials)
        if found is not None:
            return found
        task = _Task(work, first, trials, None)
        self._submit(task)
        self.tasks.appendleft(task)
        while task.done is None:
            self.wait()
        self.tasks.remove(task)
        return task.done.unit

    def wait(self) -> bool:
        """Wait for any unit, a second at the most; whether one came."""
        from distributed import wait

        open_ = [task for task in self.tasks if task.done is None]
        futures = [task.future for task in open_]
        try:
            wait(futures, timeout=_SECONDS_A_HEARTBEAT, return_when="FIRST_COMPLETED")
        except (TimeoutError, CancelledError, asyncio.CancelledError) as error:
            if not isinstance(error, TimeoutError):
                time.sleep(_SECONDS_A_HEARTBEAT / 4)  # the scheduler is gone, or just here again
            self._look_after()
            return False
        came = [self._take(task) for task in open_ if task.future and task.future.done()]
        if not any(came) or time.monotonic() - self._looked > _SECONDS_A_HEARTBEAT:
            self._look_after()
        return any(came)

    def _take(self, task: _Task) -> bool:
        """Take a unit in; whether it is there."""
        from distributed import KilledWorker

        future = task.future
        assert future is not None
        if future.status == "cancelled":  # with the scheduler
            return False
        try:
            unit: UnitResult = future.result(timeout=_SECONDS_WITHOUT_SCHEDULER)
        except KilledWorker:
            task.killed += 1
            count(crashes=1)
            event("worker killed", level=logging.WARNING, first_trial=task.first)
            if task.killed >= _MOST_KILLED:
                rule = f"{task.killed} workers died of the same trials"
                remedy = "give workers more memory, or ask for fewer patients"
                raise ClusterError(self._cluster.name, rule, remedy) from None
            self._asked = (None, None)  # which may have been lost with them
            self._submit(task)
            return False
        except (CancelledError, asyncio.CancelledError):
            return False
        except (ImportError, AttributeError, pickle.UnpicklingError) as error:
            raise _another_program(self._cluster.name, f"{error}") from None
        except (OSError, TimeoutError):
            return False
        task.work.keep(task.first, unit)
        task.done = Done(unit, partial(self._short, task.work, task.first))
        task.future = None
        return True

    def _look_after(self) -> None:
        """See to it that there is a scheduler, and workers."""
        now, self._looked = time.monotonic(), time.monotonic()
        if self._client.status != "running":
            self._lost = self._lost or now
            if now - self._lost > _SECONDS_WITHOUT_SCHEDULER or self._client.status == "closed":
                remedy = f"what was simulated is kept: {GO_ON}"
                raise ClusterError(self._cluster.name, "the scheduler is gone", remedy)
            return
        self._lost = 0.0
        lost = [task for task in self.tasks if task.future and task.future.status in _GONE]
        if lost:  # the scheduler is there again, and knows nothing of what was asked
            self._asked = (None, None)
            for task in lost:
                self._submit(task)
        self._cluster.check()
        if _workers(self._client):
            self._idle = 0.0
        elif not self._idle:
            self._idle = now
        elif now - self._idle > _SECONDS_WITHOUT_WORKERS:
            self._cluster.tell(f"{self._cluster.name} has no worker: waiting for one")
            self._idle = now + 60 - _SECONDS_WITHOUT_WORKERS  # again in a minute
        self._most = _AHEAD * self._cluster.threads()

    def leave(self) -> None:
        """Leave a unit that is no longer wanted."""
        task = self.tasks.popleft()
        if task.future is not None:
            task.future.cancel()

    def cancel(self) -> None:
        """Leave all."""
        futures = [task.future for task in self.tasks if task.future is not None]
        if futures and self._client.status == "running":
            self._client.cancel(futures, force=True)


def _workers(client: "Client") -> dict[str, Any]:
    """Return what the scheduler knows of its workers, by address; it is told every second or so."""
    found: dict[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
    return found


def _itself(packed: bytes) -> bytes:
    """Return what it is given: as a task, it is worked out again if a worker is lost."""
    return packed


def _another_program(where: str, what: str) -> ClusterError:
    rule = f"has another program than this command: {what}"
    return ClusterError(where, rule, "install the same versions there and here")


def _refuse_another(where: str, theirs: dict[str, str], ours: dict[str, str]) -> None:
    """Refuse a worker that has another program than the command, or none."""
    if "trialsim" in theirs:
        raise ClusterError(where, f"trialsim {theirs['trialsim']}", "install it there")
    told = [
        f"{name} {theirs.get(name)} is not {ours.get(name)}"
        for name in sorted({*ours, *theirs})
        if ours.get(name) != theirs.get(name)
    ]
    if told:
        raise _another_program(where, "; ".join(told))


def _program_there() -> dict[str, str]:
    """Return which program a worker has; it need have none to be asked."""
    try:
        from simulator.montecarlo.work_key import program as of_worker
    except ImportError as error:
        return {"trialsim": f"is not installed ({error})"}
    return of_worker()


_program_there.__module__ = "__main__"  # so that it is sent itself, not its name


def _worked_at(
    expected: dict[str, str], packed: bytes, engine: str, seed: int, first: int, trials: int
) -> UnitResult:
    """Work at a unit on a worker that has the program which is expected.

    Raises
    ------
    ClusterError
        If it has another.
    """
    if program() != expected:
        from distributed import get_worker

        _refuse_another(f"worker {get_worker().address}", program(), expected)
    params, asked = _unpacked(packed)
    return run_unit(params, asked, Engine(engine), seed, first, trials)


@lru_cache(maxsize=8)
def _unpacked(packed: bytes) -> tuple[Params, Evaluation]:
    found: tuple[Params, Evaluation] = pickle.loads(packed)
    return found
