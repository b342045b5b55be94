"""What a training run is asked to do: frozen sections, each checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from skelfuse.batches import Augment, Sampling
from skelfuse.errors import SkelfuseError
from skelfuse.ranges import check_range


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
        check_range(self, "epochs", "accumulate", low=1)
        check_range(self, "batch_size", low=2)  # nothing can be normalised over one clip
        check_range(self, "warmup_epochs", "clip_gradient", "patience", "checkpoint_minutes")
        check_range(self, "weight_decay", "teach_own", "clip_memory")
        check_range(self, "final_rate", high=1)
        # With 1 nothing would be learned.
        check_range(self, "label_smoothing", "average", high=1, below=True)
        check_range(self, "validation", high=0.9)
        check_range(self, "learning_rate", high=1e30, above=True)  # AdamW overflows at 1e36
        check_range(self, "mixing_alpha", above=True)
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
        check_range(self, "weight_sum", "smoothness", "diversity")
        check_range(self, "threshold", low=-1, high=1)


@dataclass(frozen=True)
class Gates:
    """How gates learn to close; the section `gates`. It matters where the model has any."""

    penalty: float = 0.05  # of the share of channels expected open
    budget: float = 0.125  # of channels; as long as no more are open, an open one costs nothing

    def __post_init__(self) -> None:
        check_range(self, "penalty")
        check_range(self, "budget", high=1)


@dataclass(frozen=True)
class Distill:
    """What a student learns from a teacher besides the labels; the section `distill`."""

    teacher: str | None = None  # a finished run, or one of its checkpoints; none: labels alone
    features: float = 1.0  # of -log q(the teacher's features), in nats per feature
    logits: float = 1.0  # of the divergence from the teacher's softened logits
    temperature: float = 4.0  # that softens both sides' logits

    def __post_init__(self) -> None:
        check_range(self, "features", "logits")
        check_range(self, "temperature", above=True)


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
        check_range(self, "seed")

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
