"""From a configuration's `model:` section to a model, every argument checked beforehand."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, get_type_hints

import torch
from torch import nn

from skelfuse.errors import SkelfuseError
from skelfuse.models import MODELS, SIZES, Frequencies
from skelfuse.models.model import Model
from skelfuse.models.sizes import size_named
from skelfuse.skeleton import Skeleton
from skelfuse.training.config import ModelChoice, TrainConfig
from skelfuse.training.typed import fitted, unknown_key

DEFAULT_SIZE = "small"
NOT_OPTIONS = ("skeleton", "num_classes", "size")
# Keys of the model's first edition, and what says the same now.
MOVED = {
    "distances": "name what is told of each joint, as streams: [joint, bone, distances]",
    "partner": "name what is told of each joint, as streams: [joint, bone, distances, partner]",
    "outputs": "set the model's size",
    **{
        field.name: f"it is 'frequencies.{field.name}' now: --set model.frequencies.{field.name}=…"
        for field in fields(Frequencies)
    },
}
SHARES = ("dropout", "evidence_dropout", "channel_dropout", "together")


def checked_choice(choice: ModelChoice) -> ModelChoice:
    """Return the choice with every option of the model spelled out, or say which one is wrong.

    Defaults are part of it: a model is built alike again when its defaults have changed.

    >>> checked_choice(ModelChoice("ddnet", options={"filters": 32})).options
    {'filters': 32, 'channel_dropout': 0.1, 'dropout': 0.5}
    >>> checked_choice(ModelChoice("ddnet", options={"filter": 8}))
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: unknown key 'filter'; did you mean 'filters'?
    """
    if choice.name == "pure":
        raise SkelfuseError(
            "'name' of the model is not known: 'pure' is a size now",
            remedy="model: {size: pure}, or --set model.size=pure",
            key="name",
        )
    if choice.name not in MODELS:
        raise SkelfuseError(
            f"'name' of the model is not known{_near(choice.name, MODELS)}",
            expected=", ".join(MODELS),
            found=choice.name,
            key="name",
        )
    takes = _arguments(MODELS[choice.name])
    size = choice.size
    if "size" not in takes and size is not None:
        raise _of_another(f"model '{choice.name}' has no 'size'", "size", choice.name)
    if "size" in takes:
        size = DEFAULT_SIZE if size is None else size
        try:
            size_named(size)
        except SkelfuseError as error:
            raise error.with_context(key="size") from None
    hints = get_type_hints(vars(MODELS[choice.name])["__init__"])
    known = [name for name in takes if name not in NOT_OPTIONS]
    own = {} if size is None else asdict(SIZES[size])
    if "frequencies" in takes:
        own["frequencies"] = Frequencies()
    options = {name: own.get(name, takes[name].default) for name in known}
    for key, value in choice.options.items():
        if key not in known:
            if key in MOVED and choice.name == "skelfuse":
                raise SkelfuseError(
                    f"model 'skelfuse' has no '{key}'", remedy=MOVED[str(key)], key=key
                )
            if key not in NOT_OPTIONS and _with(str(key)):
                problem = f"model '{choice.name}' has no '{key}'"
                raise _of_another(problem, str(key), choice.name)
            keys = ["name", *(["size"] if "size" in takes else []), *known]
            raise unknown_key(str(key), keys, within=f" of model '{choice.name}'")
        wanted = fitted(value, hints[key], key)
        options[key] = own[key] if wanted is None and key in own else wanted
        if key in SHARES and not 0 <= options[key] <= 1:
            raise SkelfuseError(
                f"'{key}' is out of range", expected="0 to 1", found=options[key], key=key
            )
    return ModelChoice(choice.name, size, options)


def build_model(choice: ModelChoice, skeleton: Skeleton, num_classes: int) -> Model:
    """Return a new model with random weights (seed torch beforehand).

    >>> from skelfuse.layouts import KINECT_V2
    >>> type(build_model(ModelChoice("skelfuse", "nano"), KINECT_V2, 60)).__name__
    'SkelFuse'
    """
    choice = checked_choice(choice)
    arguments: dict[str, Any] = dict(choice.options)
    if choice.size is not None:
        arguments["size"] = SIZES[choice.size]
    try:
        model: Model = MODELS[choice.name](skeleton, num_classes, **arguments)
    except SkelfuseError as error:
        raise error.with_context(key=f"model.{error.key}" if error.key else "model") from None
    except ValueError as error:  # torch's own layers say it so
        raise SkelfuseError(
            f"model '{choice.name}' cannot be built: {error}",
            remedy="correct its settings",
            key="model",
        ) from error
    return model


def check_fits(config: TrainConfig, skeleton: Skeleton, num_classes: int) -> None:
    """Raise where no model, or no change of clips, can be as the configuration wants it.

    >>> from skelfuse.batches import Augment
    >>> from skelfuse.layouts import COCO_17
    >>> check_fits(TrainConfig(augment=Augment(rotate=(0.1, 0.2, 0.3))), COCO_17, 10)
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: augment: rotate does not fit skeleton 'coco-17': \
expected one angle in the plane, found (0.1, 0.2, 0.3)
    """
    config.augment.check(skeleton)
    with torch.random.fork_rng(devices=[]):  # the run's own model is drawn from its seed
        build_model(config.model, skeleton, num_classes)


def _with(key: str) -> list[str]:
    """Return the models that have an option."""
    return [name for name, model in MODELS.items() if key in _arguments(model)]


def _of_another(problem: str, key: str, name: str) -> SkelfuseError:
    return SkelfuseError(
        problem,
        remedy=f"it is for {', '.join(_with(key))}; --set 'model={{name: {name}}}' leaves out "
        "what was set for another model",
        key=key,
    )


def _arguments(model: type[nn.Module]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(model).parameters


def _near(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""
