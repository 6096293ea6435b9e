"""Labelling on a Dask cluster: each part is a task. Needs the extra `dask`."""

from __future__ import annotations

import logging
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from signal import SIG_IGN, SIGINT, signal
from threading import Lock
from typing import TYPE_CHECKING, Any

from smclassify import __version__
from smclassify.artifact import default_model_path, file_of, load_model
from smclassify.errors import ArtifactError, SmclassifyError, UsageError
from smclassify.many import Part, PartReport, label_part
from smclassify.plain import plain_source
from smclassify.tables.values import STANDARD_STREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from smclassify.glossary import Glossary
    from smclassify.model import Model, Thresholds
    from smclassify.runs import RunOptions
    from smclassify.tables.values import Table

_PATIENCE = "10s"
_QUIET_WAIT = 1
_LONGEST_WAIT = 300
"""How many seconds a cluster may take to get its first worker; one that grows on demand needs minutes."""
_LOADING = Lock()


@dataclass(frozen=True, slots=True)
class Order:
    """What every worker is told.

    Attributes:
        options: What the user says.
        model_path: The model file; None for the one that is used when none is named.
        fingerprint: What tells that file from others.
        thresholds: When a prediction is `unsure`.
        glossary: Phrases that decide before the model.
    """

    options: RunOptions
    model_path: Path | None
    fingerprint: str
    thresholds: Thresholds
    glossary: Glossary | None


class ClusterError(SmclassifyError):
    """The cluster cannot be reached, or it failed."""


def label_on_cluster(  # noqa: PLR0913, PLR0917 - the last has a default
    parts: Sequence[Part],
    options: RunOptions,
    model: Model,
    scheduler: str | None,
    jobs: int,
    on_report: Callable[[PartReport], None],
    on_wait: Callable[[str], None] = lambda _: None,
) -> list[PartReport]:
    """Label parts on a cluster; each is written by one worker, whole or not at all.

    A part whose worker dies is done again by another. That outputs may be written is checked before: the workers
    replace what they find.

    Args:
        parts: The parts, which `check_cluster` has let pass; every worker must see their files by the same paths.
        options: What the user says.
        model: What labels the texts, read from a file; each worker reads that file anew.
        scheduler: Address of a cluster; None to start one on this machine and close it in the end.
        jobs: Number of processes of a cluster of our own, if there are so many parts.
        on_report: Called with the report of each part once it is done.
        on_wait: Called with a line that says so when there is no worker yet.

    Returns:
        The reports, in the order in which the parts were done.

    Raises:
        ClusterError: The cluster cannot be reached, or gets no worker.
        UsageError: The model does not come from a file.
    """
    if not parts:
        return []
    model_path = None if file_of(model) == default_model_path() else model.path
    fingerprint = model_fingerprint(model_path)
    if scheduler is not None:
        parts = [Part(*(str(Path(path).absolute()) for path in (part.source, part.target))) for part in parts]
        model_path = model_path and model_path.absolute()
    order = Order(replace(options, force=True), model_path, fingerprint, model.thresholds, model.glossary)
    reports = []
    with _client(scheduler, min(jobs, len(parts))) as client:
        for report in _reports(client, parts, order, on_wait):
            on_report(report)
            reports.append(report)
    return reports


def check_cluster(parts: Sequence[Part]) -> None:
    """Raise unless a cluster can be used for these parts.

    Raises:
        UsageError: A part is a pipe, or the extra is not installed.
    """
    if find_spec("distributed") is None:
        raise UsageError(
            "The engine dask needs distributed, which is not installed.",
            "Install it: pip install 'smclassify[dask]'",
        )
    for part in parts:
        if STANDARD_STREAM in {part.source, part.target}:
            raise UsageError("A cluster reads and writes files, not pipes.", "Name a file, and the output with -o.")


def model_fingerprint(model_path: Path | None) -> str:
    """Return what tells a model file, and the program that reads it, from others."""
    path = model_path or default_model_path()
    return f"{__version__} {sha256(path.read_bytes()).hexdigest()}"


def label_on_worker(part: Part, order: Order) -> PartReport:
    """Label a part in the process of a worker, which loads the model for the first one."""
    notes: list[str] = []

    def watch(table: Table, column: int) -> AbstractContextManager[Callable[[int], None]]:
        notes.append(plain_source(table, column))
        return nullcontext(lambda _: None)

    try:
        with _LOADING:
            model = _model(order.model_path, order.fingerprint, order.thresholds, order.glossary)
    except SmclassifyError as error:
        return PartReport(part, error=error)
    return replace(label_part(part, order.options, model, watch), note="".join(notes))


@cache
def _model(model_path: Path | None, fingerprint: str, thresholds: Thresholds, glossary: Glossary | None) -> Model:
    model = load_model(model_path)
    if model_fingerprint(model_path) != fingerprint:
        raise ArtifactError(
            "A worker of the cluster has another model, or another version of smclassify.",
            "Install the same version on all workers, and name a model that all of them see with --model.",
        )
    return replace(model, thresholds=thresholds, glossary=glossary)


@contextmanager
def _client(scheduler: str | None, n_workers: int) -> Iterator[Any]:
    """Give a client of the cluster at an address, or of one with as many processes that is closed in the end."""
    from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra
    from distributed.comm.addressing import get_address_host_port  # noqa: PLC0415 - likewise
    from distributed.utils import silence_logging_cmgr  # noqa: PLC0415 - likewise

    with ExitStack() as stack:
        stack.enter_context(silence_logging_cmgr(logging.CRITICAL))  # what matters to a user, the reports say
        address = scheduler
        if address is None:
            with _uninterrupted():
                cluster = LocalCluster(  # type: ignore[no-untyped-call]
                    n_workers=n_workers,
                    threads_per_worker=1,
                    processes=True,
                    memory_limit=None,
                    dashboard_address="127.0.0.1:0",  # None would mean the usual port, which may be taken
                    scheduler_kwargs={"dashboard": False},
                    silence_logs=logging.CRITICAL,
                )
            address = stack.enter_context(cluster).scheduler_address
        try:
            get_address_host_port(address)  # what Client makes of a wrong one cannot be closed
            client = Client(address, timeout=_PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            reason = str(error).partition("\n")[0].rstrip(".")
            tip = "Give the address that the scheduler shows, for instance tcp://host:8786"
            raise ClusterError(f"{scheduler}: cannot reach the scheduler: {reason}.", tip) from error
        stack.enter_context(client)
        if scheduler is None:
            client.run(_ignore_interrupts)
        yield client


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C for the second or two in which processes start, each of which would complain of it."""
    before = signal(SIGINT, SIG_IGN)
    try:
        yield
    finally:
        signal(SIGINT, before)


def _ignore_interrupts() -> None:
    """Leave Ctrl-C, which reaches all processes of a terminal, to the one that closes the cluster."""
    signal(SIGINT, SIG_IGN)


def _reports(
    client: Any,  # noqa: ANN401 - untyped library
    parts: Sequence[Part],
    order: Order,
    on_wait: Callable[[str], None],
) -> Iterator[PartReport]:
    """Yield what becomes of the parts, the first done first; results are let go at once, so that none is done twice."""
    from distributed import as_completed  # noqa: PLC0415 - an extra
    from distributed.comm.core import CommClosedError  # noqa: PLC0415 - likewise

    futures = client.map(label_on_worker, parts, order=order, pure=False)
    with suppress(CommClosedError):  # the parts tell what became of a cluster that goes away
        _await_worker(client, on_wait)
    by_key = {future.key: part for future, part in zip(futures, parts, strict=True)}
    done = as_completed(futures, loop=client.loop)  # type: ignore[no-untyped-call]
    del futures
    suspects = []
    for future in done:
        part = by_key[future.key]
        if (report := _outcome(future, part)) is None:
            suspects.append(part)
        else:
            yield report
    # the death of a worker is held against all parts that wait there: alone, each shows whether it is the cause
    for part in suspects:
        message = f"{part.source}: the workers that labelled this file died one after the other."
        report = _outcome(client.submit(label_on_worker, part, order=order, pure=False), part)
        yield report or PartReport(part, error=ClusterError(message, "Do they have memory enough?"))


def _await_worker(client: Any, on_wait: Callable[[str], None]) -> None:  # noqa: ANN401 - untyped library
    """Wait for a worker once there is work for it: a cluster that grows on demand starts none before.

    Raises:
        ClusterError: None comes.
    """
    there = client.scheduler.address
    try:
        client.wait_for_workers(1, timeout=_QUIET_WAIT)
    except TimeoutError:
        on_wait(f"{there}: the cluster has no worker yet; waiting for one, at most {_LONGEST_WAIT} seconds")
        try:
            client.wait_for_workers(1, timeout=_LONGEST_WAIT)
        except TimeoutError as error:
            message = f"{there}: the cluster got no worker in {_LONGEST_WAIT} seconds."
            raise ClusterError(message, f"Start one: dask worker {there}") from error


def _outcome(future: Any, part: Part) -> PartReport | None:  # noqa: ANN401 - untyped library
    """Return what became of a part; None if too many workers died with it."""
    from distributed import KilledWorker  # noqa: PLC0415 - an extra

    try:
        report: PartReport = future.result()
    except KilledWorker:
        return None
    except ImportError as error:
        tip = "Install the same version of smclassify, with its extras, on all workers."
        return PartReport(part, error=ClusterError(f"A worker of the cluster is not complete: {error}.", tip))
    except (CancelledError, OSError):
        if future.status == "error":  # it is the task's own, and no user's
            raise
        message = f"{part.source}: the cluster went away before it told what became of this file."
        return PartReport(part, error=ClusterError(message, "Start it again, and then this command with --resume."))
    return report
