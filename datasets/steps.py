"""The way from files to a measured model: preprocess, split, train, evaluate; one call each.

The commands of these names and `skelfuse.preprocess`, `skelfuse.train` and so on are these
functions. A store is a `Store` or its path wherever one is taken.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skelfuse.configs import find
from skelfuse.datasets.evaluated_part import evaluated_clips, evaluated_recordings
from skelfuse.datasets.format import MOST_PERSONS, ReadOptions
from skelfuse.datasets.from_stores import as_stored
from skelfuse.datasets.labels.labelling import labelling_of
from skelfuse.datasets.preprocess import PreprocessOptions, find_sources
from skelfuse.datasets.preprocess import preprocess as stored
from skelfuse.datasets.protocols import caution, likeliest, shared_people
from skelfuse.datasets.protocols import split as parts_of
from skelfuse.datasets.sources import with_tree
from skelfuse.datasets.summary import clip_table
from skelfuse.datasets.table import FORMAT as TABLE
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import find_layout
from skelfuse.store import Store

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from skelfuse.evaluation import Evaluation, RecordingEvaluation
    from skelfuse.predict import Recogniser
    from skelfuse.run import Run
    from skelfuse.skeleton import Skeleton
    from skelfuse.training import Result, TrainConfig, Watcher

PathLike = str | Path
GENERIC = "generic"  # the configuration of whoever names none
Parts = dict[str, "npt.NDArray[np.intp]"]
Tell = Callable[[str], None]


def preprocess(
    inputs: PathLike | Sequence[PathLike],
    out: PathLike,
    *,
    input_format: str = "auto",
    skeleton: Skeleton | str | None = None,
    class_names: PathLike | None = None,
    fps: float | None = None,
    max_persons: int | None = None,
    min_score: float | None = None,
    missing: float | None = None,
    joints: Sequence[str] = (),
    join: bool = False,
    columns: str | None = None,
    axes: str | None = None,
    score: bool = False,
    filters: bool = True,
    skip: Collection[str] = (),
    align: bool = False,
    scale: bool = False,
    half: bool = False,
    labels: PathLike | None = None,
    label_rows: Sequence[str] = (),
    label_from: str | None = None,
    subject_from: str | None = None,
    camera_from: str | None = None,
    split_from: str | None = None,
    whole: bool = False,
    rest_label: str | None = None,
    jobs: int = 1,
    resume: bool = False,
    strict: bool = False,
) -> Store:
    """Read skeleton files or folders, or stores, into the store `out`, and open it.

    Everything is as in the command of this name; `skip` are names of clips or files to leave out.
    Of each clip the two people who move most are kept, of a store's all, or `max_persons`. A bad
    file or line of labels is left out with a warning; `store.sources` says what became of every
    file.

    >>> import tempfile, numpy as np
    >>> folder = Path(tempfile.mkdtemp())
    >>> np.savez(folder / "mine.npz", coords=np.ones((60, 17, 2)), lengths=[40, 20],
    ...          label=["squat", "lunge"])
    >>> len(preprocess(folder / "mine.npz", folder / "mine.h5", skeleton="coco-17", fps=30))
    2
    """
    paths = [Path(one) for one in ([inputs] if isinstance(inputs, (str, Path)) else inputs)]
    reading = ReadOptions(
        skeleton=find_layout(skeleton) if isinstance(skeleton, str) else skeleton,
        fps=fps,
        max_persons=max_persons or MOST_PERSONS,
        filters=filters,
        class_names=None if class_names is None else Path(class_names),
        min_score=min_score,
        missing=missing,
        joints=(joints,) if isinstance(joints, str) else tuple(joints),
        columns=columns,
        axes=axes,
        score=score,
    )
    sides = {"label": label_from, "subject": subject_from}
    sides |= {"camera": camera_from, "split": split_from}
    table = None if labels is None else Path(labels)
    options = PreprocessOptions(
        TABLE.name if columns else input_format,
        reading,
        skip=frozenset(skip),
        align=align,
        scale=scale,
        half=half,
        labels=labelling_of(table, label_rows, sides, whole=whole, rest=rest_label),
    )
    asked = {"inputs": [str(path) for path in paths], **({"labels": str(table)} if table else {})}
    sources = find_sources(paths, options)
    options = as_stored(sources, options, max_persons)
    if join:
        options = with_tree(sources, options)
    outcome = stored(
        sources, Path(out), options, jobs=jobs, resume=resume, strict=strict, asked=asked
    )
    if outcome.error is not None:
        raise outcome.error
    bad_lines = options.labels.table.problems if options.labels and options.labels.table else ()
    if bad_lines:
        told = f"{len(bad_lines)} lines of the labels had a problem, the first: {bad_lines[0]}"
        warnings.warn(told, stacklevel=2)
    if outcome.problems:
        first = outcome.problems[0]["message"]
        told = f"{outcome.bad} of {len(outcome.sources)} files had a problem, the first: {first}"
        warnings.warn(told, stacklevel=2)
    return Store(out)


def split(store: Store | PathLike, protocol: str | None) -> Parts:
    """Return the indices of the clips in each part of a protocol: "train", "test", perhaps more.

    `skelfuse info` lists the protocols that fit a store.
    """
    store = _opened(store)
    table = clip_table(store)
    if protocol is None:
        raise SkelfuseError(
            "no protocol is given",
            file=store.path,
            remedy=f"add --protocol, e.g. {likeliest(table)}; skelfuse info lists those that fit",
        )
    return parts_of(table, protocol)


def train(
    store: Store | PathLike,
    out: PathLike,
    *,
    config: TrainConfig | Mapping[str, Any] | PathLike | None = None,
    settings: Sequence[str] = (),
    protocol: str | None = None,
    size: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    exemplars: int = 0,
    device: str = "auto",
    resume: bool = False,
    strict: bool = False,
    watcher: Watcher | None = None,
    tell: Tell | None = None,
    warn: Tell = warnings.warn,
) -> Result:
    """Train a model on a store and leave the run in the folder `out`.

    `config` is the name of a shipped configuration, a YAML file, nested values, or a
    `TrainConfig`; without it the settings are chosen by the training clips ("generic").
    `settings` ("train.epochs=5") go before it, and what has a parameter here goes before both.
    `exemplars` typical training clips of each class are kept in the run, to be shown beside
    explained clips. `tell` hears what a configuration chose by the store, and why;
    `warn` what makes figures of the protocol better than they will be for new people.
    """
    from skelfuse.training import train as run
    from skelfuse.training.launch import leader_first
    from skelfuse.training.resume import check_resumable

    own = {"model.size": size, "train.epochs": epochs, "train.batch_size": batch_size}
    settings = [*settings, *(f"{key}={one}" for key, one in own.items() if one is not None)]
    over = {"protocol": protocol, "seed": seed}
    over = {name: value for name, value in over.items() if value is not None}
    folder = Path(out)
    with leader_first():
        store = _opened(store)
        if resume:
            check_resumable(folder, store)  # before anything is asked of a store of other bodies
        made = _config(store, folder, config, settings, over, resume=resume, tell=tell)
        parts = split(store, made.protocol)
        if warned := caution(clip_table(store), made.protocol or "") if leads() else None:
            warn(warned)
    result = run(
        made, store, parts, folder, device=device, resume=resume, strict=strict, watcher=watcher
    )
    if exemplars and leads():
        from skelfuse.explain.typical import keep_exemplars
        from skelfuse.run import load_run

        keep_exemplars(load_run(folder, device=device), store, parts["train"], exemplars, folder)
    return result


def evaluate(
    runs: Run | Recogniser | PathLike | Sequence[Run | Recogniser | PathLike],
    store: Store | PathLike,
    *,
    protocol: str | None = None,
    part: str = "test",
    crops: int = 1,
    ignore_unknown: bool = False,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Evaluate a run, or several that average their probabilities, on a part of a protocol.

    Without `protocol` it is the run's own; the part "all" is every clip. `progress` hears how many
    clips are done, of how many. A note says whether people of the test are in training too.
    """
    from skelfuse.evaluation import evaluate as measured
    from skelfuse.evaluation.matching import joint_order

    several = runs if isinstance(runs, Sequence) and not isinstance(runs, str) else [runs]
    loaded = [_loaded(one, device) for one in several]
    store = _opened(store)
    for run in loaded:
        joint_order(run, store)  # a skeleton mismatch is reported before missing protocols
    asked = {run.config.protocol for run in loaded} if protocol is None else {protocol}
    protocol, indices = evaluated_clips(store, asked, part)
    total = len(loaded) * len(indices)
    found = measured(
        loaded,
        store,
        indices,
        protocol=protocol,
        part=part,
        crops=crops,
        ignore_unknown=ignore_unknown,
        progress=None if progress is None else lambda done: progress(done, total),
    )
    if protocol is None or part != "test":
        return found
    shared = shared_people(clip_table(store), protocol)
    return found if shared is None else replace(found, notes=(*found.notes, shared))


def evaluate_recordings(
    run: Run | Recogniser | PathLike,
    store: Store | PathLike,
    *,
    window: str = "2s",
    stride: str | None = None,
    rest_label: str | None = None,
    protocol: str | None = None,
    part: str = "test",
    crops: int = 1,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> RecordingEvaluation:
    """Evaluate a run on whole recordings with intervals (`preprocess --whole`), window by window.

    Frames that no interval covers do not count, unless `rest_label` names the class that they are
    of. `progress` hears how many recordings are done, of how many.
    """
    from skelfuse.evaluation import evaluate_recordings as measured
    from skelfuse.evaluation.matching import joint_order
    from skelfuse.predict import Recogniser

    loaded, store = _loaded(run, device), _opened(store)
    joint_order(loaded, store)
    asked = {loaded.config.protocol} if protocol is None else {protocol}
    indices = evaluated_recordings(store, asked, part)
    return measured(
        Recogniser(loaded, crops=crops),
        (store[i] for i in indices.tolist()),
        window=window,
        stride=stride,
        rest=rest_label,
        progress=None if progress is None else lambda done: progress(done, len(indices)),
    )


def leads() -> bool:
    """Tell whether this is the process of torchrun that speaks for all."""
    return os.environ.get("RANK", "0") == "0"


def _opened(store: Store | PathLike) -> Store:
    return store if isinstance(store, Store) else Store(store)


def _loaded(run: Run | Recogniser | PathLike, device: str) -> Run:
    from skelfuse.predict import Recogniser
    from skelfuse.run import Run, load_run

    if isinstance(run, Recogniser):
        return run.run
    return run if isinstance(run, Run) else load_run(run, device=device)


def _config(
    store: Store,
    out: Path,
    given: TrainConfig | Mapping[str, Any] | PathLike | None,
    settings: Sequence[str],
    over: Mapping[str, Any],
    *,
    resume: bool,
    tell: Tell | None,
) -> TrainConfig:
    from skelfuse.training import TrainConfig, config_from_dict, read_config
    from skelfuse.training.build import check_fits
    from skelfuse.training.resume import saved_config

    def suggest(written: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        return _suggested(store, out, {**written, **over}, resume=resume, tell=tell)

    def check(config: TrainConfig) -> None:
        check_fits(config, store.skeleton, max(1, len(store.class_names)))

    if given is None and not resume:
        given = GENERIC
    if isinstance(given, (str, Path)):
        config = read_config(find(str(given)), settings, suggest=suggest, check=check)
    else:
        tree: Any = given.as_dict() if isinstance(given, TrainConfig) else given
        if tree is None:  # a run that is resumed knows its own
            tree = saved_config(out).as_dict()
        config = config_from_dict(tree, settings, suggest=suggest, check=check)
    return replace(config, **over)


def _suggested(
    store: Store, out: Path, written: Mapping[str, Any], *, resume: bool, tell: Tell | None
) -> Mapping[str, Mapping[str, Any]]:
    from skelfuse.training.checkpoint import LAST
    from skelfuse.training.resume import saved_config
    from skelfuse.training.store_facts import store_facts
    from skelfuse.training.suggested import SECTIONS, suggested

    if resume and (out / LAST).exists():  # what was chosen when the run began stays chosen
        before = saved_config(out).as_dict()
        return {name: before[name] for name in SECTIONS}
    clips = split(store, written.get("protocol"))["train"]
    settings, reasons = suggested(store_facts(store, clips), written)
    if tell is not None and leads():
        for reason in reasons:
            tell(reason)
    return settings
