"""dask_fit: train an estimator on the workers of a Dask cluster, where the chunks of the data lie."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from convnet._extras import missing_extra
from convnet.communication.errors import RankError
from convnet.distributed import dask_rank
from convnet.fitted.state import commit, fitted_attributes
from convnet.values.constraints import number

if TYPE_CHECKING:
    from distributed import Client, Future

E = TypeVar("E")

POLL = 0.25  # seconds between two looks at the tasks
GRACE = 5.0  # seconds beyond the timeout in which ranks end after one has failed


def dask_fit(
    estimator: E,
    dX: Any,
    dy: Any,
    sample_weight: Any = None,
    *,
    client: Client | None = None,
    timeout: float = 60.0,
) -> E:
    """Train an estimator on Dask arrays, on the workers that hold their chunks.

    The weights are those of ``estimator.fit(X, y)`` on the computed arrays, to the bit, on any number of workers. Dask
    places one task on each worker that holds chunks. These tasks exchange rows and gradients over connections of their
    own; neither passes through the scheduler.

    Parameters
    ----------
    estimator : ConvNetClassifier, ConvNetRegressor or ConvNetTransformer
        Callbacks, scorers and `verbose` run in the worker with the first chunk. ``n_jobs=None`` uses as many threads as
        the worker has.
    dX : dask.array.Array of shape (n, h, w, c), (n, h, w), (n, length, c) or (n, features)
        Chunks that are not persisted are computed and stay on their workers until the end.
    dy : dask.array.Array or array-like of shape (n,) or (n, n_outputs)
        Targets.
    sample_weight : dask.array.Array or array-like of shape (n,), default=None
        Sample weights.
    client : distributed.Client, default=None
        None is the current client.
    timeout : float, default=60.0
        Seconds that the tasks wait for each other at the beginning, and seconds without a sign of life after which a
        worker counts as lost.

    Returns
    -------
    estimator : object
        The estimator that was passed, fitted.

    Raises
    ------
    ImportError
        If Dask is not installed.
    TypeError, ValueError
        As ``fit`` does, and if the arrays do not fit together. The estimator is unchanged after any error.
    RuntimeError
        If a worker fails, stops or is lost. The message names it. No task is left on the others.

    Examples
    --------
    ::

        import dask.array as da
        from distributed import Client
        from convnet import ConvNetClassifier
        from convnet.distributed import dask_fit, dask_predict

        client = Client("scheduler:8786")
        dX, dy = da.from_zarr("images.zarr"), da.from_zarr("labels.zarr")
        clf = dask_fit(ConvNetClassifier(random_state=0), dX, dy)
        predicted = dask_predict(clf, dX).compute()
    """
    number(0, closed="neither").check("timeout", timeout)
    client = current_client(client, "dask_fit")
    job = _Job(client, estimator, timeout)
    parts = _compute_parts(client, *_aligned(dX, dy, sample_weight))
    fitted = job.run(_place(client, parts))
    commit(estimator, fitted_attributes(vars(fitted)))
    return estimator


def current_client(client: Client | None, name: str) -> Client:
    """Return the client, or the current one for None."""
    try:
        from distributed import get_client
    except ImportError as error:
        raise ImportError(missing_extra(name, "Dask", "dask")) from error
    if client is not None:
        return client
    try:
        return get_client()
    except ValueError:
        raise ValueError(
            f"{name} found no Dask cluster. Make a client first: client = distributed.Client()."
        ) from None


def _aligned(dX: Any, dy: Any, sample_weight: Any) -> list[Any]:
    """Return the arrays with the same chunks along the samples, and one chunk along all other axes."""
    import dask.array as da

    if not isinstance(dX, da.Array):
        raise TypeError(
            f"dask_fit takes X as a dask.array.Array; got {type(dX).__name__}. Call fit for other arrays, or make it "
            "one with dask.array.from_array."
        )
    if dX.ndim < 2:
        raise ValueError(f"X has {dX.ndim} axis; dask_fit takes samples of one axis or more.")
    lengths = dX.chunks[0]
    is_known = not np.isnan(lengths).any()
    arrays = [dX.rechunk(dict.fromkeys(range(1, dX.ndim), -1))]
    for name, array in (("y", dy), ("sample_weight", sample_weight)):
        if array is None and name == "sample_weight":
            continue
        if not isinstance(array, da.Array):
            values = np.asarray(array.compute() if hasattr(array, "dask") else array)
            if not is_known:
                raise TypeError(
                    f"The lengths of the chunks of X are not known, so {name} must be a dask.array.Array with the same "
                    "chunks; or call X.compute_chunk_sizes() first."
                )
            array = da.from_array(values, chunks=-1) if values.ndim else values
        if array.ndim == 0 or (
            is_known and not np.isnan(array.shape[0]) and array.shape[0] != len(dX)
        ):
            raise ValueError(f"{name} has shape {array.shape}; X has {dX.shape[0]} samples.")
        array = array.rechunk(dict.fromkeys(range(1, array.ndim), -1))
        if is_known and not np.isnan(array.chunks[0]).any():
            array = array.rechunk({0: lengths})
        elif array.numblocks[0] != dX.numblocks[0]:
            raise ValueError(
                f"{name} has {array.numblocks[0]} chunks; X has {dX.numblocks[0]}. Give both the same chunks."
            )
        arrays.append(array)
    return arrays


def _compute_parts(client: Client, *arrays: Any) -> list[Future]:
    """Return the chunks of all arrays as futures, one for each place along the samples, when all are computed."""
    import dask
    from distributed import wait

    columns = [array.to_delayed().reshape(-1) for array in arrays]
    make = dask.delayed(dask_rank.ChunkOfSamples, pure=False)
    parts: list[Future] = client.compute([make(*chunks) for chunks in zip(*columns, strict=True)])
    wait(parts)
    for part in parts:
        if part.status != "finished":
            error = part.exception()
            raise RuntimeError(f"A chunk could not be computed: {error}") from error
    return parts


def _place(client: Client, parts: Sequence[Future]) -> dict[str, dict[int, Future]]:
    """Return the chunks of each worker by their numbers. A chunk with copies goes where fewer chunks are."""
    holders = client.who_has(parts)
    placed: dict[str, dict[int, Future]] = {}
    for number_, part in enumerate(parts):
        workers = sorted(holders[part.key])
        if not workers:
            raise RuntimeError("A worker was lost before the fit began. Call dask_fit again.")
        worker = min(workers, key=lambda name: len(placed.get(name, ())))
        placed.setdefault(worker, {})[number_] = part
    return placed


@dataclass
class _Job:
    """The tasks of one fit.

    Parameters
    ----------
    client : Client
    estimator : BaseConvNet
    timeout : float
    """

    client: Client
    estimator: Any
    timeout: float

    def run(self, placed: Mapping[str, Mapping[int, Future]]) -> Any:
        """Train on the workers, and return the fitted estimator of rank 0."""
        token = secrets.token_bytes(32)
        workers = list(placed)
        tasks: list[Future] = []
        try:
            addresses = self._listen(workers, token)
            (estimator,) = self.client.scatter(
                [self.estimator], workers=workers, broadcast=True, hash=False
            )
            for rank, worker in enumerate(workers):
                tasks.append(
                    self.client.submit(
                        dask_rank.train,
                        token,
                        rank,
                        addresses,
                        estimator,
                        list(placed[worker].values()),
                        list(placed[worker]),
                        self.timeout,
                        workers=[worker],
                        allow_other_workers=False,
                        pure=False,
                        retries=0,
                        key=f"convnet-fit-{token[:8].hex()}-{rank}",
                    )
                )
            self._wait(dict(zip(tasks, workers, strict=True)))
            return tasks[0].result()
        except BaseException:
            self.client.cancel(tasks, force=True)
            self._call(dask_rank.end, token, workers, GRACE)
            raise

    def _listen(self, workers: Sequence[str], token: bytes) -> list[tuple[str, int]]:
        """Open a port on each worker, and return the addresses."""
        found = self._call(dask_rank.listen, token, workers, self.timeout)
        for worker in workers:
            if worker not in found:
                raise RuntimeError(
                    f"Worker {worker} did not answer within {self.timeout:g} seconds."
                )
            if isinstance(found[worker], BaseException):
                raise RuntimeError(f"Worker {worker} failed: {found[worker]}") from found[worker]
        processes = [found[worker][1] for worker in workers]
        if len(set(processes)) < len(processes):
            raise RuntimeError(
                "dask_fit needs workers in processes of their own. Start the cluster with processes=True, or with one "
                "worker."
            )
        return [found[worker][0] for worker in workers]

    def _call(
        self, function: Callable[..., Any], token: bytes, workers: Sequence[str], seconds: float
    ) -> dict[str, Any]:
        """Call a function in each worker, even if all its threads are busy. Return the results that come in time."""
        found: dict[str, Any] = {}

        def call(worker: str) -> None:
            try:
                found[worker] = self.client.run(function, token, workers=[worker])[worker]
            except Exception as error:
                found[worker] = error

        threads = [threading.Thread(target=call, args=(worker,), daemon=True) for worker in workers]
        for thread in threads:
            thread.start()
        end = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        return dict(found)

    def _wait(self, tasks: Mapping[Future, str]) -> None:
        """Wait until all tasks are done; RuntimeError that names the worker if one fails or is lost."""
        errors: dict[str, BaseException] = {}
        lost: str | None = None
        end = float("inf")
        pending = dict(tasks)
        while pending and time.monotonic() < end:
            time.sleep(POLL / 5 if len(errors) == 0 else POLL)
            for task in [task for task in pending if task.done()]:
                worker = pending.pop(task)
                if task.status == "error":
                    errors[worker] = task.exception()
                elif task.status != "finished":  # Dask has given it up, because its chunks are lost
                    lost = lost or worker
            if lost is None and pending:
                alive = self.client.nthreads()
                lost = next((worker for worker in pending.values() if worker not in alive), None)
            if lost is not None:
                pending = {task: worker for task, worker in pending.items() if worker != lost}
            if (errors or lost) and end == float("inf"):
                end = time.monotonic() + self.timeout + GRACE
        if lost is not None:
            named = [error.rank for error in errors.values() if isinstance(error, RankError)]
            if named:  # a chunk may be lost with another worker than the one that was to use it
                lost = list(tasks.values())[named[0]]
            raise RuntimeError(
                f"Worker {lost} was lost during dask_fit. Look into its log; it may have run out of memory."
            )
        if errors:
            _raise_cause(errors, list(tasks.values()))


def _raise_cause(errors: Mapping[str, BaseException], workers: Sequence[str]) -> None:
    """Raise the error that the others follow from, and name its worker."""
    causes = {w: error for w, error in errors.items() if not isinstance(error, RankError)}
    if causes:
        worker = next(
            one for one in workers if one in causes
        )  # an error of rank 0 may be raised on all
        cause = causes[worker]
        if isinstance(cause, ValueError | TypeError):
            cause.add_note(f"Raised on worker {worker}.")
            raise cause
        raise RuntimeError(
            f"dask_fit failed on worker {worker}: {type(cause).__name__}: {cause}"
        ) from cause
    first = next(iter(errors.values()))
    lost = next((error for error in errors.values() if getattr(error, "is_lost", False)), first)
    assert isinstance(lost, RankError)
    raise RuntimeError(f"dask_fit failed on worker {workers[lost.rank]}: {lost}") from lost
