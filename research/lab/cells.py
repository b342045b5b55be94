"""What is to be run: variants of configurations, and by what a run is known again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from research.lab.data_sets import Indices, RealSet
from research.lab.rows import Key
from skelfuse.configs import find
from skelfuse.models import SIZES
from skelfuse.store import Store
from skelfuse.training import TrainConfig, config_from_dict, read_config, store_facts, suggested
from skelfuse.training.config_file import Suggest

LONGEST = 8  # times as many epochs for a small share of the clips, so that there are steps enough


@dataclass(frozen=True)
class Variant:
    """What an experiment changes of the configuration that was tuned for its data set."""

    settings: tuple[str, ...] = ()  # as for --set
    config: str | None = None  # a shipped configuration instead of the tuned one
    model: Mapping[str, Any] | None = None  # a model section of its own instead of the file's
    share: float = 1.0  # of the training subjects
    matched: str = ""  # the variant whose number of parameters a wider mixer brings this one to


@dataclass(frozen=True)
class Cell:
    """One run that is wanted, and the row's key that says that it is done."""

    data: RealSet
    protocol: str
    name: str  # of the variant
    variant: Variant
    settings: tuple[str, ...]  # of the whole experiment, beyond the variant's
    config: TrainConfig  # but for what a configuration leaves to the store
    target: TrainConfig | None  # of the variant to be matched
    key: Key


def cells_of(
    data: RealSet,
    name: str,
    variants: Mapping[str, Variant],
    *,
    seeds: int,
    settings: tuple[str, ...] = (),
) -> list[Cell]:
    """Return the runs of a variant on all splits of a data set, seed by seed."""
    variant = variants[name]
    base, rules = _written(data, variant, settings)
    target = _written(data, variants[variant.matched], settings)[0] if variant.matched else None
    asked = fingerprint(base, variant.share, target, rules)
    return [
        Cell(
            data,
            protocol,
            name,
            variant,
            settings,
            replace(base, protocol=protocol, seed=seed),
            target,
            (data.name, protocol, seed, asked),
        )
        for seed in range(seeds)
        for protocol in data.protocols
    ]


def fingerprint(
    config: TrainConfig, share: float = 1.0, target: TrainConfig | None = None, rules: str = ""
) -> str:
    """Return a hash of everything that is asked for but the seed and the split.

    What is off is left out: an option that a later version adds, off by default, asks for the
    same as before. So is how a step is run, which changes nothing of what is learned.
    `rules` are those by which a store decides what the configuration leaves open.
    """
    plain = config.as_dict()
    del plain["seed"], plain["protocol"]
    same = ("graph", "clip_memory")
    plain["train"] = {key: one for key, one in plain["train"].items() if key not in same}
    frequencies = plain["model"].get("frequencies", {})
    if frequencies.get("gate", "none") == "none":
        plain.pop("gates", None)
    if not frequencies.get("fourier"):
        frequencies.pop("fourier_sigma", None)
    if not plain.get("distill", {}).get("teacher"):
        plain.pop("distill", None)
    told = {"config": plain, "share": share, "rules": rules}
    if target is not None:
        told["matched"] = fingerprint(target)
    if config.model.size in SIZES:
        size = asdict(SIZES[config.model.size])
        told["size"] = {key: size[key] for key in size if key not in config.model.options}
    text = json.dumps(_switched_on(told), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _written(data: RealSet, variant: Variant, settings: tuple[str, ...]) -> tuple[TrainConfig, str]:
    """Return a configuration as it is without a store, and by which rules the rest is decided."""
    rules = []

    def leave_open(_: Mapping[str, Any]) -> dict[str, Any]:
        rules.append(f"suggested {suggested.VERSION}")
        return {}

    return _configured(data, variant, settings, leave_open), "".join(rules)


def decided(cell: Cell, store: Store, learned_from: Indices) -> TrainConfig:
    def suggest(written: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        facts = store_facts.store_facts(store, learned_from)
        return suggested.suggested(facts, written).settings

    config = _configured(cell.data, cell.variant, cell.settings, suggest)
    return replace(config, protocol=cell.protocol, seed=cell.config.seed)


def _configured(
    data: RealSet, variant: Variant, settings: tuple[str, ...], suggest: Suggest
) -> TrainConfig:
    file = find(variant.config) if variant.config else data.recipe
    changes = () if variant.config else data.settings
    if variant.model is None:
        config = read_config(file, [*changes, *variant.settings, *settings], suggest=suggest)
    else:  # the file's options are another model's
        tree = read_config(file, changes, suggest=suggest).as_dict()
        tree["model"] = dict(variant.model)
        config = config_from_dict(tree, [*variant.settings, *settings])
    if variant.share < 1:
        longer = min(LONGEST, 1 / variant.share)
        fit = config.train
        config = replace(
            config,
            train=replace(
                fit,
                epochs=round(fit.epochs * longer),
                warmup_epochs=fit.warmup_epochs * longer,
            ),
        )
    return config


def _switched_on(value: Any) -> Any:
    if isinstance(value, Mapping):
        inner = {key: _switched_on(one) for key, one in value.items()}
        return {k: one for k, one in inner.items() if one not in (None, 0, "", "none", [], {})}
    return list(value) if isinstance(value, tuple) else value
