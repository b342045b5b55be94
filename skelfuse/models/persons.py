"""Any number of people in a clip: folded into the batch on the way in, rejoined on the way out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelfuse.errors import SkelfuseError
from skelfuse.layers.spans import span_of, without_gaps
from skelfuse.skeleton import Skeleton


class Partner(NamedTuple):
    """What a body has before it: the others of its clip, as one body in their midst."""

    x: Tensor  # [R,T,N,D]
    ever: Tensor | None  # [R,N], whether anybody else's joint was seen; None: every one


@dataclass(eq=False)
class Bodies:
    """A batch of bodies: each person of each clip is an item of its own, without gaps."""

    x: Tensor  # [R,T,N,D], R = B·M, joints in canonical order; 0 for a joint never seen
    mask: Tensor | None  # [R,T,N], True where a joint was seen; None: everything was
    inside: Tensor | None  # [R,T], True from the first frame in which anything was seen to the last
    persons: int  # M
    ever: Tensor | None = field(init=False)  # [R,N], which joints were seen at all; None: all
    _partner: Partner | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        self.ever = None if self.mask is None else self.mask.any(dim=1)

    @property
    def partner(self) -> Partner:
        """What each body has before it. Of several people it is their average, in any order.

        >>> x = torch.tensor([[[[1.0]]], [[[5.0]]]])        # two people [R,T,N,D] of one clip
        >>> Bodies(x, None, None, persons=2).partner.x.flatten().tolist()
        [5.0, 1.0]
        """
        if self._partner is None:  # several streams ask
            self._partner = self._others()
        return self._partner

    def _others(self) -> Partner:
        M, people = self.persons, torch.unflatten(self.x, 0, (-1, self.persons))
        if self.ever is None:
            midst = (people.sum(dim=1, keepdim=True) - people) / max(M - 1, 1)  # [B,M,T,N,D]
            nobody = torch.zeros_like(self.x[:, 0, :, 0], dtype=torch.bool) if M == 1 else None
            return Partner(midst.flatten(0, 1), nobody)
        weight = torch.unflatten(self.ever, 0, (-1, M)).to(self.x.dtype)[:, :, None, :, None]
        people = people * weight
        others = weight.sum(dim=1, keepdim=True) - weight  # [B,M,1,N,1]
        midst = (people.sum(dim=1, keepdim=True) - people) / others.clamp_min(1)
        return Partner(midst.flatten(0, 1), others.flatten(0, 1)[:, 0, :, 0] > 0)

    def shown(self) -> tuple[Tensor, Tensor]:
        """Return joints `[R,T,N,D]`, 0 where they were not seen, and where they were `[R,T,N]`."""
        if self.mask is None:
            return self.x, torch.ones_like(self.x[..., 0], dtype=torch.bool)
        return self.x * self.mask[..., None].to(self.x.dtype), self.mask

    def present(self) -> Tensor | None:
        """Return of which bodies anything was seen, `[R,1]`; None: of every one."""
        return None if self.ever is None else self.ever.any(dim=1, keepdim=True)

    def known(self) -> Tensor | None:
        """Return which joints of each clip were seen, of whatever person: `[B,N]`; None: all."""
        if self.ever is None:
            return None
        return torch.unflatten(self.ever, 0, (-1, self.persons)).any(dim=1)


class FoldPersons(nn.Module):
    """What every model does first: check the batch, order its joints by name, fold its persons.

    `x [B,T,M,N,D]` and `mask [B,T,M,N]` (or None: everything was seen) become `Bodies`. This is
    the one place where a joint that was not seen is dealt with: a gap in its course is bridged by
    a straight line, before its first frame and after its last it stays where it was seen, and a
    joint that was never seen is 0. So neither a NaN nor its gradient gets any further. The last
    frame is held until there are whole steps of `step` frames.

    >>> pair = Skeleton("pair", joints=("b", "a"), bones=(("a", "b"),), root="b", dimensions=2)
    >>> fold = FoldPersons(pair)
    >>> x = torch.arange(24.0).view(1, 3, 2, 2, 2)          # [B,T,M,N,D]
    >>> bodies = fold(x)
    >>> bodies.x.shape, bodies.mask
    (torch.Size([2, 3, 2, 2]), None)
    >>> bodies.x[0, 0]                                      # joint 'a' comes first inside
    tensor([[2., 3.],
            [0., 1.]])
    >>> mask = torch.tensor([True, False, True]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    >>> bool((fold(torch.where(mask[..., None], x, torch.nan), mask).x == bodies.x).all())
    True
    """

    order: Tensor
    known: Tensor | None  # [N], in the order of the files; None: every joint

    def __init__(self, skeleton: Skeleton, *, step: int = 1) -> None:
        super().__init__()
        self.given, self.step = skeleton, step
        order = canonical_order(skeleton)
        self.skeleton = skeleton.permuted(order)
        # Not in the state dict: the order belongs to the files, the weights belong to the names.
        self.register_buffer("order", torch.tensor(order), persistent=False)
        self.register_buffer("known", None, persistent=False)
        self.most: int | None = None

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Bodies:
        """Return `x [B,T,M,N,D]` and its mask as bodies."""
        self._check(x, mask)
        mask = self.familiar(x, mask)
        M, missing = x.shape[2], -x.shape[1] % self.step
        x = x.index_select(3, self.order).transpose(1, 2).flatten(0, 1)  # [R,T,N,D]
        if mask is None and not missing:
            return Bodies(x, None, None, M)
        if mask is None:
            mask = torch.ones(x.shape[:3], dtype=torch.bool, device=x.device)
        else:
            mask = mask.index_select(3, self.order).transpose(1, 2).flatten(0, 1)  # [R,T,N]
            x = without_gaps(torch.where(mask[..., None], x, 0.0), mask)
        x = torch.cat([x, x[:, -1:].expand(-1, missing, -1, -1)], dim=1)
        mask = functional.pad(mask, (0, 0, 0, missing))
        span = span_of(mask, x.shape[1], x.device)
        time = torch.arange(x.shape[1], device=x.device) - span.first[:, None]  # [R,T]
        return Bodies(x, mask, (time >= 0) & (time < span.frames[:, None]), M)

    def keep_to(self, joints: Collection[str], persons: int) -> None:
        """From now on take other joints, and more people than so many of a clip, for unseen.

        What no clip of a training showed has weights that never learned and statistics of nothing.
        """
        known = [joint in joints for joint in self.given.joints]
        self.known = None if all(known) else torch.tensor(known, device=self.order.device)
        self.most = persons

    def familiar(self, x: Tensor, mask: Tensor | None) -> Tensor | None:
        """Return what of `mask [B,T,M,N]` is looked at; None: all of it."""
        if self.known is not None:
            seen = self.known.expand(x.shape[:4])
            mask = seen if mask is None else mask & seen
        if self.most is not None and self.most < x.shape[2]:
            mask = torch.ones_like(x[..., 0], dtype=torch.bool) if mask is None else mask
            there = mask.any(dim=3).any(dim=1)  # [B,M]
            mask = mask & (there.cumsum(dim=1) <= self.most)[:, None, :, None]
        return mask

    def _check(self, x: Tensor, mask: Tensor | None) -> None:
        N, D = len(self.given), self.given.dimensions
        wanted = f"[B,T,M,{N},{D}] with T and M at least 1"
        if x.ndim != 5 or x.shape[3:] != (N, D) or 0 in x.shape[1:]:
            raise SkelfuseError(
                f"the model's input does not fit skeleton '{self.given.name}'",
                expected=wanted,
                found=list(x.shape),
                remedy="axes are batch, frame, person, joint, coordinate; "
                "give one clip a batch axis, and one person a person axis",
            )
        if not x.is_floating_point():
            raise SkelfuseError(
                "coordinates must be floating-point numbers", expected="float32", found=x.dtype
            )
        if mask is None:
            return
        if mask.shape != x.shape[:4]:
            raise SkelfuseError(
                "the mask's shape is not that of the coordinates",
                expected=list(x.shape[:4]),
                found=list(mask.shape),
                remedy="the mask has one value for each joint, and no coordinate axis",
            )
        if mask.dtype != torch.bool:
            raise SkelfuseError(
                "the mask has the wrong kind",
                expected=torch.bool,
                found=mask.dtype,
                remedy="True means that a joint was seen",
            )


def keep_to(model: nn.Module, joints: Collection[str], persons: int) -> None:
    """Let a model look at these joints alone, and at no more than so many people of a clip.

    >>> from skelfuse.layouts import COCO_17
    >>> from skelfuse.models.stgcn import STGCN
    >>> model, x = STGCN(COCO_17, 2, channels=(4,), blocks=(1,)).eval(), torch.randn(1, 9, 2, 17, 2)
    >>> keep_to(model, COCO_17.joints, persons=1)
    >>> torch.equal(model(x), model(x[:, :, :1]))
    True
    """
    for part in model.modules():
        if isinstance(part, FoldPersons):
            part.keep_to(joints, persons)


def looked_at(model: nn.Module, x: Tensor, mask: Tensor) -> Tensor:
    """Return what of `mask [B,T,M,N]` a model looks at, which `keep_to` may have limited.

    >>> from skelfuse.layouts import COCO_17
    >>> from skelfuse.models.stgcn import STGCN
    >>> model, x = STGCN(COCO_17, 2, channels=(4,), blocks=(1,)), torch.randn(1, 9, 2, 17, 2)
    >>> keep_to(model, ("nose", "left_eye"), persons=1)
    >>> looked_at(model, x, torch.ones(x.shape[:4], dtype=torch.bool)).any(dim=1).sum().item()
    2
    """
    for part in model.modules():
        if isinstance(part, FoldPersons):
            left = part.familiar(x, mask)
            assert left is not None  # as a mask was given
            mask = left
    return mask


def rejoin(y: Tensor, there: Tensor | None, persons: int) -> Tensor:
    """Return the maximum and the mean over a clip's persons of whom `y` was seen: `[B,2,N,C]`.

    `y [B·M,N,C]` are features of bodies, and `there [B·M,N]` or `[B·M,1]` says what of them was
    seen (None: everything). What was seen of nobody is 0. The order of people does not matter.

    >>> y = torch.tensor([[1.0], [5.0], [3.0], [9.0]])[:, None]     # two clips of two persons
    >>> there = torch.tensor([[True], [True], [True], [False]])
    >>> rejoin(y, there, persons=2).flatten(1).tolist()
    [[5.0, 3.0], [3.0, 3.0]]
    """
    y = torch.unflatten(y, 0, (-1, persons))  # [B,M,N,C]
    if there is None:
        return torch.stack([y.amax(dim=1), y.mean(dim=1)], dim=1)
    there = torch.unflatten(there, 0, (-1, persons))[..., None]  # [B,M,N,1]
    weight = there.to(y.dtype)
    mean = (y * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1)
    largest = y.masked_fill(~there, -torch.inf).amax(dim=1)
    largest = largest.masked_fill(~there.any(dim=1), 0.0)
    return torch.stack([largest, mean], dim=1)


def canonical_order(skeleton: Skeleton) -> tuple[int, ...]:
    """Return the indices that sort a skeleton's joints by name.

    A model that takes its joints in this order gives each weight to a joint's name and not to a
    place in a file: the same weights serve a recording that lists the same body differently.

    >>> arm = Skeleton("arm", joints=("shoulder", "elbow", "hand"),
    ...                bones=(("elbow", "shoulder"), ("hand", "elbow")), root="shoulder")
    >>> canonical_order(arm)
    (1, 2, 0)
    >>> shuffled = arm.permuted((2, 0, 1))
    >>> [shuffled.joints[i] for i in canonical_order(shuffled)]
    ['elbow', 'hand', 'shoulder']
    """
    return tuple(sorted(range(len(skeleton)), key=skeleton.joints.__getitem__))
