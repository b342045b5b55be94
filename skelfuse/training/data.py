"""The clips of a run: which of them train, which validate, and what is wrong with the split."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from skelfuse.batches import Batches
from skelfuse.batches.shown import ShownInTraining, shown_by
from skelfuse.errors import SkelfuseError
from skelfuse.store import Store
from skelfuse.training.config import Distill, TrainConfig
from skelfuse.training.distributed import Team, shard_size
from skelfuse.training.held_out import Indices, hold_out

NAMED = 5  # classes named in a note before it says how many more


@dataclass(frozen=True)
class RunData:
    """What a run learns from: indices into the store, and notes for a person."""

    store: Store
    train: Indices
    validation: Indices
    notes: tuple[str, ...]
    shown: ShownInTraining

    @property
    def class_counts(self) -> list[int]:
        """How many training clips each class has."""
        labels = self.store.labels[self.train]
        counts: list[int] = np.bincount(labels, minlength=len(self.store.class_names)).tolist()
        return counts

    @property
    def fingerprint(self) -> str:
        """A hash of the clips and classes, by which a resumed run knows its data again."""
        digest = hashlib.sha256(repr(self.store.class_names).encode())
        for part in (self.train, self.validation):
            for i in part:
                digest.update(self.store.digests[i].encode())
            digest.update(b"|")
        return digest.hexdigest()

    def batch_shape(self, config: TrainConfig, team: Team) -> tuple[int, int, int, int, int]:
        """Return the largest `[B,T,M,N,D]` that a step of training takes here."""
        persons = min(config.sampling.persons, int(self.store.persons[self.train].max()))
        clips = min(shard_size(config.train.batch_size, team.world), len(self.train))
        skeleton = self.store.skeleton
        return clips, config.sampling.frames, persons, len(skeleton), skeleton.dimensions

    def training_batches(self, config: TrainConfig, team: Team) -> Batches:
        """Return shuffled, augmented batches of the training clips for this process."""
        return self._batches(self.train, config, team, training=True)

    def validation_batches(self, config: TrainConfig, team: Team) -> Batches | None:
        """Return the validation clips as they are, or None where there are none."""
        there = len(self.validation) > 0
        return self._batches(self.validation, config, team, training=False) if there else None

    def _batches(
        self, clips: Indices, config: TrainConfig, team: Team, *, training: bool
    ) -> Batches:
        gigabytes = config.train.clip_memory
        return Batches(
            self.store,
            clips,
            sampling=config.sampling,
            augment=config.augment if training else None,
            batch_size=shard_size(config.train.batch_size, team.world),
            shuffle=training,
            seed=config.seed,
            device=team.device,
            rank=team.rank,
            world=team.world,
            memory_limit=None if gigabytes is None else round(gigabytes * (1 << 30)),
        )


def run_data(
    store: Store, parts: Mapping[str, Indices], config: TrainConfig, *, strict: bool, world: int = 1
) -> RunData:
    """Choose the clips of a run from the parts of a protocol: "train", perhaps "val" and "test".

    The test is looked at for one thing alone: whether it asks for classes that nobody trains.
    """
    notes: list[str] = []
    labels = store.labels
    labelled = {name: np.asarray(part)[labels[part] >= 0] for name, part in parts.items()}
    train = labelled.get("train", np.empty(0, np.intp))
    if not len(train):
        raise SkelfuseError(
            "the training part has no labelled clip to train on",
            file=store.path,
            found={name: len(part) for name, part in parts.items()},
            remedy=_way_to_labels(store),
        )
    if dropped := len(parts["train"]) - len(train):
        notes.append(f"{dropped} training clips have no label and are left out")
    own_part = bool(config.train.validation) and len(labelled.get("val", ())) > 0
    if own_part:
        validation, how = labelled["val"], "the split's own part 'val'"
        train = np.setdiff1d(train, validation)
    else:
        train, validation, how = hold_out(
            train, labels, store.subjects, share=config.train.validation, seed=config.seed
        )
    notes += [f"validation on {len(validation):,} clips: {how}"] if len(validation) else []
    if config.train.validation and not len(validation):
        notes.append("there are too few clips to keep any for validation: best is the last epoch")
    notes += _thin(store, train, validation, held_out=not own_part)
    notes += _untaught(config)
    if len(train) < 2 * world:
        raise SkelfuseError(
            "too few clips to train on",
            file=store.path,
            expected=f"{2 * world} or more",
            found=len(train),
            remedy="choose a --protocol with more clips in training; skelfuse info lists those "
            "that fit",
        )
    notes += _missing(store, train, labelled.get("test", train[:0]), strict=strict)
    persons = config.sampling.persons
    shown = shown_by(store, train, persons=persons, augment=config.augment)
    if unseen := shown.unseen(store.skeleton):
        notes.append(f"no training clip shows {', '.join(unseen)}: never looked at, wherever seen")
    return RunData(store, train, validation, tuple(notes), shown)


def _missing(store: Store, train: Indices, test: Indices, *, strict: bool) -> list[str]:
    trained = set(store.labels[train].tolist())
    tested = sorted(set(store.labels[test].tolist()) - trained)
    absent = sorted(set(range(len(store.class_names))) - trained - set(tested))
    if tested and strict:
        raise SkelfuseError(
            f"classes of the test never occur in training: {_names(store, tested)}",
            file=store.path,
            remedy="use another --protocol, or leave out --strict",
        )
    notes = []
    if tested:
        notes.append(
            f"classes of the test never occur in training, and can only be missed: "
            f"{_names(store, tested)}"
        )
    if absent:
        notes.append(f"classes without a training clip: {_names(store, absent)}")
    return notes


def _thin(store: Store, train: Indices, validation: Indices, *, held_out: bool) -> list[str]:
    """Tell where a validation says next to nothing of which epoch is the best.

    Clips `held_out` of the training part would be trained on without a validation.
    """
    clips = len(validation)
    trained, seen = (len(np.unique(store.labels[part])) for part in (train, validation))
    if not clips or (clips >= trained and 2 * seen > trained):
        return []
    instead = "trains on them too, and takes the last epoch" if held_out else "takes the last epoch"
    return [
        f"the validation has {clips} clip{'s' * (clips > 1)} of {seen} of {trained} classes: what "
        f"it calls the best epoch is next to chance; --set train.validation=0 {instead}"
    ]


def _untaught(config: TrainConfig) -> list[str]:
    """Tell of a lesson without a teacher."""
    if config.distill.teacher is not None:
        return []
    usual = Distill()
    keys = [part.name for part in fields(Distill)]
    said = [f"distill.{key}" for key in keys if getattr(config.distill, key) != getattr(usual, key)]
    return [f"not used without distill.teacher: {', '.join(said)}"] if said else []


def _names(store: Store, classes: list[int]) -> str:
    named = ", ".join(store.class_names[i] for i in classes[:NAMED])
    more = len(classes) - NAMED
    return f"{named} and {more} more" if more > 0 else named


def _way_to_labels(store: Store) -> str:
    if (store.labels >= 0).any():
        return "use another --protocol; skelfuse info lists those that fit"
    if any(store.intervals(i) for i in range(len(store))):
        return "recordings are whole: preprocess without --whole cuts their intervals out"
    return "no clip has a label: preprocess --labels or --label-from gives them"
