"""What a training run is asked to do: frozen sections, each checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from skelfuse.batches import Augment, Sampling
from skelfuse.errors import SkelfuseError


@dataclass(frozen=True)
class ModelChoice:
    """Which model: its name, a size where it has sizes, and its own keyword arguments."""

    name: str = "skelfuse"
    size: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fit:
    """How a model is trained; the section `train` of a configuration."""

    epochs: int = 60
    batch_size: int = 32  # clips in a step, all devices together
    accumulate: int = 1  # batches whose gradients make one step of the optimiser
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup_epochs: float = 5.0
    final_rate: float = 0.0  # what the cosine ends at, as a share of learning_rate
    label_smoothing: float = 0.1
    teach_own: float = 0.0  # how much the own path learns from what the together path says
    clip_gradient: float = 1.0  # largest norm; 0 for no limit
    average: float = 0.999  # decay of the weights' running average that evaluation uses; 0 without
    mixing: Literal["none", "mixup", "cutmix"] = "none"
    mixing_alpha: float = 0.4
    class_weights: Literal["none", "balanced"] = "none"
    validation: float = 0.1  # share of the training subjects kept aside; 0: none, best = last
    patience: int = 0  # epochs without a better validation before stopping; 0: never stop
    checkpoint_minutes: float = 0.0  # within an epoch too; 0: at the end of each epoch only
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    compile: bool = False
    graph: Literal["auto", "on", "off"] = "auto"  # a step as one CUDA graph
    clip_memory: float | None = None  # GB of clips that stay on the device; None: what there is

    def __post_init__(self) -> None:
        for name in ("epochs", "accumulate"):
            _within(self, name, 1)
        _within(self, "batch_size", 2)  # nothing can be normalised over one clip
        for name in ("warmup_epochs", "clip_gradient", "patience", "checkpoint_minutes"):
            _within(self, name, 0)
        for name in ("final_rate", "label_smoothing", "average"):
            _within(self, name, 0, 1)
        _within(self, "validation", 0, 0.9)
        if self.clip_memory is not None:
            _within(self, "clip_memory", 0)
        _within(self, "weight_decay", 0)
        _within(self, "teach_own", 0)
        _within(self, "learning_rate", 0, 1e30, above=True)  # AdamW overflows at 1e36
        _within(self, "mixing_alpha", 0, above=True)
        if self.label_smoothing == 1 or self.average == 1:
            name = "label_smoothing" if self.label_smoothing == 1 else "average"
            raise SkelfuseError(f"'{name}' of 1 learns nothing", expected="below 1", key=name)
        if self.patience and not self.validation:
            raise SkelfuseError(
                "'patience' needs a validation to watch",
                remedy="set validation: 0.1",
                key="patience",
            )


@dataclass(frozen=True)
class KernelWeights:
    """How much the motion kernels' regularisers count in the loss; the section `kernels`."""

    weight_sum: float = 0.01  # of (sum of taps - target)²: a body at rest has no motion
    smoothness: float = 0.01  # of a tenth of the mean squared step from tap to tap
    diversity: float = 0.01  # of the kernels' likeness beyond `threshold`
    target: float = 0.0
    threshold: float = 0.5

    def __post_init__(self) -> None:
        for name in ("weight_sum", "smoothness", "diversity"):
            _within(self, name, 0)
        _within(self, "threshold", -1, 1)


@dataclass(frozen=True)
class Gates:
    """How gates learn to close; the section `gates`. It matters where the model has any."""

    penalty: float = 0.05  # of the share of channels expected open
    budget: float = 0.125  # of channels; as long as no more are open, an open one costs nothing

    def __post_init__(self) -> None:
        _within(self, "penalty", 0)
        _within(self, "budget", 0, 1)


@dataclass(frozen=True)
class Distill:
    """What a student learns from a teacher besides the labels; the section `distill`."""

    teacher: str | None = None  # a finished run, or one of its checkpoints; none: labels alone
    features: float = 1.0  # of -log q(the teacher's features), in nats per feature
    logits: float = 1.0  # of the divergence from the teacher's softened logits
    temperature: float = 4.0  # that softens both sides' logits

    def __post_init__(self) -> None:
        for name in ("features", "logits"):
            _within(self, name, 0)
        _within(self, "temperature", 0, above=True)


@dataclass(frozen=True)
class TrainConfig:
    """One experiment. `read_config` makes it from YAML, `as_dict` turns it back.

    >>> config = TrainConfig(protocol="utd-mhad", train=Fit(epochs=40))
    >>> config.train.epochs, config.model.name, config.as_dict()["train"]["batch_size"]
    (40, 'skelfuse', 32)
    >>> Fit(epochs=0)
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: 'epochs' is out of range: expected at least 1, found 0
    """

    protocol: str | None = None  # how clips are split when the command does not say
    seed: int = 0
    sampling: Sampling = field(default_factory=Sampling)
    augment: Augment = field(default_factory=Augment)
    model: ModelChoice = field(default_factory=ModelChoice)
    train: Fit = field(default_factory=Fit)
    kernels: KernelWeights = field(default_factory=KernelWeights)
    gates: Gates = field(default_factory=Gates)
    distill: Distill = field(default_factory=Distill)

    def __post_init__(self) -> None:
        _within(self, "seed", 0)

    def as_dict(self) -> dict[str, Any]:
        """Return plain lists, numbers and strings, as a configuration file has them."""
        plain = {part.name: _plain(getattr(self, part.name)) for part in fields(self)}
        model = plain["model"]
        options = model.pop("options")
        plain["model"] = {key: value for key, value in model.items() if value is not None} | options
        return plain


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def _within(
    section: object, name: str, low: float, high: float | None = None, *, above: bool = False
) -> None:
    value = getattr(section, name)
    if (value > low if above else value >= low) and (high is None or value <= high):
        return  # a NaN compares with nothing, and so ends below
    wanted = f"above {low}" if above else f"at least {low}"
    if high is not None:
        wanted = f"{wanted} and at most {high}" if above else f"{low} to {high}"
    raise SkelfuseError(f"'{name}' is out of range", expected=wanted, found=value, key=name)
