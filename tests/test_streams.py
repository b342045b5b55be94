"""What is told of each joint: golden values, and what is known of it."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17, KINECT_V2, LAYOUTS
from skelfuse.models import Frequencies, SkelFuse
from skelfuse.models.motion_features import MotionFeatures
from skelfuse.models.persons import Bodies, FoldPersons
from skelfuse.models.streams import (
    STREAMS,
    Bone,
    Distances,
    Joint,
    PartnerDistances,
    PartnerOffset,
    Signals,
    Stream,
    Velocity,
    Waves,
    marks_of,
)
from skelfuse.skeleton import Skeleton

ARM = Skeleton(  # in the alphabet's order, as models have it
    "arm",
    joints=("elbow", "hand", "shoulder"),
    bones=(("elbow", "shoulder"), ("hand", "elbow")),
    root="shoulder",
)
ELBOW, HAND, SHOULDER = range(3)
Person = list[list[float]]  # where each joint is
BODY = FoldPersons(KINECT_V2).skeleton  # joints as models have them
N = len(BODY)


def bodies(x: Tensor, mask: Tensor | None = None, skeleton: Skeleton = ARM) -> Bodies:
    """Fold clips `[B,T,M,N,D]`, seen where `[B,T,M,N]`."""
    found: Bodies = FoldPersons(skeleton)(x, mask)
    return found


def arms(*people: Person) -> Tensor:
    """Return a clip `[1,1,M,3,3]` of one frame; elbow, hand and shoulder of each person."""
    return torch.tensor(people)[None, None]


BENT: Person = [[3.0, 0, 0], [3, 4, 0], [0, 0, 0]]
FAR: Person = [[3.0, 0, 12], [3, 4, 5], [0, 0, 8]]


def told(stream: type[Stream], clip: Tensor, mask: Tensor | None = None) -> Signals:
    made = stream(ARM)
    signals: Signals = made(bodies(clip, mask))
    assert signals.values.shape[3] == len(made.names)
    return signals


def test_golden_values() -> None:
    clip = arms(BENT, FAR)
    assert told(Joint, clip).values[0, 0].tolist() == BENT
    assert told(Bone, clip).values[0, 0].tolist() == [[3, 0, 0], [0, 4, 0], [0, 0, 0]]
    assert Distances(ARM).names == ("distance to hand", "distance to shoulder")
    assert told(Distances, clip).values[0, 0].tolist() == [[4, 3], [0, 5], [5, 0]]
    offsets = [[0.0, 0, 12], [0, 0, 5], [0, 0, 8]]
    assert told(PartnerOffset, clip).values[1, 0].tolist() == offsets
    assert told(PartnerOffset, clip).values[0, 0].tolist() == (-torch.tensor(offsets)).tolist()
    away = told(PartnerDistances, clip).values[0, 0]  # of hand and shoulder of the other
    assert away[HAND].tolist() == pytest.approx([5, math.sqrt(9 + 16 + 64)])
    assert away[SHOULDER].tolist() == pytest.approx([math.sqrt(9 + 16 + 25), 8])
    assert all(told(stream, clip).known is None for stream in STREAMS.values())


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("masked", [False, True])
def test_every_stream_keeps_its_promises(name: str, masked: bool) -> None:
    torch.manual_seed(0)
    stream, x = STREAMS[name](BODY), torch.randn(2, 7, 2, N, 3)
    mask = torch.rand(2, 1, 2, N).expand(2, 7, 2, N) > 0.3 if masked else None
    given = bodies(x, mask, BODY)
    values, known = stream(given)
    S = len(stream.names)
    assert len(set(stream.names)) == S
    assert values.shape == (4, 7, N, S)
    assert values.isfinite().all()
    if not masked:
        assert known is None
        return
    assert known is not None
    assert known.dtype == torch.bool
    assert known.shape in ((4, N, S), (4, N, 1))
    assert given.ever is not None
    assert not known[~given.ever].any()  # nothing is known of a joint that was never seen
    assert known.any()


def test_what_is_known_needs_both_ends() -> None:
    clip, mask = arms(BENT, FAR), torch.ones(1, 1, 2, 3, dtype=torch.bool)
    mask[0, 0, 0, ELBOW] = False
    mine = {name: told(stream, clip, mask).known for name, stream in STREAMS.items()}
    known = {name: one[0].tolist() for name, one in mine.items() if one is not None}
    other = {name: one[1].tolist() for name, one in mine.items() if one is not None}
    assert known["joint"] == [[False], [True], [True]]
    assert known["bone"] == [[False], [False], [True]]  # the hand's parent is the elbow
    assert known["distances"] == [[False] * 2, [True] * 2, [True] * 2]
    assert known["partner"] == [[False], [True], [True]]
    assert known["partner_distances"] == [[False] * 2, [True] * 2, [True] * 2]
    assert other["joint"] == other["bone"] == [[True]] * 3
    assert other["partner"] == [[False], [True], [True]]  # the other has no elbow to look at
    assert other["partner_distances"] == [[True] * 2] * 3
    mask[0, 0, 0] = torch.tensor([True, False, True])  # without its hand, which is a mark
    lost = told(Distances, clip, mask).known
    assert lost is not None
    assert lost[0].tolist() == [[False, True], [False, False], [False, True]]


@pytest.mark.parametrize("name", ["partner", "partner_distances"])
def test_of_a_partner_who_is_not_there_nothing_is_known(name: str) -> None:
    clip = arms(BENT)
    alone = told(STREAMS[name], clip).known
    assert alone is not None
    assert not alone.any()
    mask = torch.tensor([[[[True] * 3, [False] * 3]]])
    nobody = told(STREAMS[name], arms(BENT, FAR), mask).known
    assert nobody is not None
    assert not nobody.any()


def test_a_partner_is_the_other_one_or_the_midst_of_the_others() -> None:
    torch.manual_seed(0)
    people = torch.randn(2, 5, 3, 3, 3)
    seen = torch.ones(2, 5, 3, 3, dtype=torch.bool)
    for mask in (None, seen):
        x, ever = bodies(people, mask).partner
        x = torch.unflatten(x, 0, (2, 3))
        for person, others in enumerate(([1, 2], [0, 2], [0, 1])):
            torch.testing.assert_close(x[:, person], people[:, :, others].mean(dim=2))
        assert ever is None or ever.all()
    seen[1, :, 2] = False  # somebody is not there
    seen[0, :, 0, HAND] = False
    x, ever = bodies(people, seen).partner
    assert ever is not None
    x, ever = torch.unflatten(x, 0, (2, 3)), torch.unflatten(ever, 0, (2, 3))
    torch.testing.assert_close(x[1, 0], people[1, :, 1])
    torch.testing.assert_close(x[1, 1], people[1, :, 0])
    torch.testing.assert_close(x[0, 1, :, HAND], people[0, :, 2, HAND])
    torch.testing.assert_close(x[0, 1, :, ELBOW], people[0, :, [0, 2], ELBOW].mean(dim=1))
    assert ever.all()


def turned(x: Tensor, angle: float) -> Tensor:
    c, s = math.cos(angle), math.sin(angle)
    return x @ torch.tensor([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]]).T + 0.7


@pytest.mark.parametrize("stream", [Distances, PartnerDistances])
def test_a_camera_elsewhere_sees_the_same_distances(stream: type[Stream]) -> None:
    torch.manual_seed(0)
    made, x = stream(BODY), torch.randn(3, 12, 2, N, 3)
    here = made(bodies(x, skeleton=BODY)).values
    there = made(bodies(turned(x, 1.1), skeleton=BODY)).values
    torch.testing.assert_close(here, there, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(made(bodies(2 * x, skeleton=BODY)).values, 2 * here)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: str(layout.name))
def test_every_body_has_marks(layout: Skeleton) -> None:
    marks = marks_of(layout)
    assert len(set(marks)) == len(marks) >= 2
    assert marks[-1] == layout.root
    x = torch.randn(1, 6, 1, len(layout), layout.dimensions)
    assert Distances(layout)(bodies(x, skeleton=layout)).values.isfinite().all()


def test_a_joint_that_is_its_own_mark_has_a_gradient() -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 5, 1, 3, 3, requires_grad=True)
    (grad,) = torch.autograd.grad(told(Distances, x).values.square().sum(), x)
    assert grad.isfinite().all()
    assert grad.abs().sum() > 0


def test_exact_velocity() -> None:
    stream = Velocity(BODY)
    time = torch.arange(31) / 30
    x = torch.zeros(1, 31, 1, N, 3)
    x[0, :, 0, :, 1] = torch.sin(torch.pi * 7 * time)[:, None]  # fast: a difference is too small
    values, known = stream(bodies(x, skeleton=BODY))
    exact = torch.pi * 7 / 30 * torch.cos(torch.pi * 7 * time)
    torch.testing.assert_close(values[0, :, 3, 1], exact, rtol=1e-4, atol=1e-4)
    assert values[0, :, 3, 3:].abs().max() < 1e-5  # all joints move alike, no bone does
    assert known is None
    assert stream.names[4] == "bone, spectral motion y"
    mask = torch.ones(1, 31, 1, N, dtype=torch.bool)
    mask[..., BODY.index("neck")] = False
    known = stream(bodies(x, mask, BODY)).known
    assert known is not None
    assert known[0, BODY.index("head")].tolist() == [True] * 3 + [False] * 3


def test_waves_know_the_share_of_the_clip_that_has_passed() -> None:
    stream, x = Waves(BODY, count=5), torch.ones(1, 20, 1, N, 3)
    mask = torch.zeros(1, 20, 1, N, dtype=torch.bool)
    mask[:, 4:15] = True
    waves = stream(bodies(x, mask, BODY)).values
    alone = stream(bodies(x[:, :11], skeleton=BODY)).values
    torch.testing.assert_close(waves[:, 4:15], alone)
    assert waves[0, 4, 0].sub(waves[0, 14, 0]).abs().max() > 1e-2


def features_by_name(
    x: Tensor, mask: Tensor | None = None, *, streams: tuple[str, ...], scales: tuple[int, ...]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return features `[R,T,N]` and what is known of them `[R,N]` by their names."""
    made = MotionFeatures(ARM, streams, scales=scales)
    values, known = made(bodies(x, mask))
    assert values.shape[3] == len(made.names) == len(made.stream_of)
    if known is None:
        return dict(zip(made.names, values.unbind(3), strict=True)), {}
    return (
        dict(zip(made.names, values.unbind(3), strict=True)),
        dict(zip(made.names, known[:, 0].expand(-1, 3, -1).unbind(2), strict=True)),
    )


def test_kernels_follow_what_a_stream_tells() -> None:
    x = torch.zeros(1, 5, 1, 3, 3)
    x[0, :, 0, HAND, 0] = torch.arange(5.0) * 3  # the hand goes away along a line in space
    x[0, :, 0, HAND, 1] = torch.arange(5.0) * 4
    found, _ = features_by_name(x, streams=("joint", "distances"), scales=(1, 2))
    assert len(found) == 3 * 3 + 2 * 3
    assert found["joint y"][0, :, HAND].tolist() == [0, 4, 8, 12, 16]
    assert found["joint y, scale1"][0, 1:, HAND].tolist() == [4] * 4  # the velocity
    assert found["joint x, scale2"][0, 1:-1, HAND].tolist() == [3] * 3
    assert found["distance to shoulder"][0, :, HAND].tolist() == [0, 5, 10, 15, 20]
    assert found["distance to shoulder, scale1"][0, 1:, HAND].tolist() == [5] * 4
    assert found["distance to shoulder, scale2"][0, 1:-1, HAND].tolist() == [5] * 3
    assert not found["distance to hand"][0, :, HAND].any()


def test_a_feature_is_known_as_its_signal_is() -> None:
    torch.manual_seed(0)
    x, mask = torch.randn(1, 6, 2, 3, 3), torch.ones(1, 6, 2, 3, dtype=torch.bool)
    mask[:, :, 0, HAND] = False
    _, known = features_by_name(x, mask, streams=tuple(STREAMS), scales=(1, 2))
    for kernel in ("", ", scale1", ", scale2"):
        assert known[f"joint z{kernel}"][0].tolist() == [True, False, True]
        assert known[f"bone x{kernel}"][0].tolist() == [True, False, True]
        assert known[f"distance to hand{kernel}"][0].tolist() == [False] * 3
        assert known[f"distance to shoulder{kernel}"][0].tolist() == [True, False, True]
        assert known[f"to partner y{kernel}"][1].tolist() == [True, False, True]
        assert known[f"distance to partner's hand{kernel}"].tolist() == [
            [True, False, True],
            [False] * 3,
        ]
    alone, known = features_by_name(x[:, :, 1:], streams=("joint", "partner"), scales=(1,))
    assert {name for name, one in known.items() if not one.any()} == {
        name for name in alone if "partner" in name
    }


def test_without_scales_there_are_no_kernels() -> None:
    made = MotionFeatures(ARM, ("joint", "distances"), scales=())
    assert made.names == (*Joint(ARM).names, *Distances(ARM).names)
    assert not list(made.parameters())


def test_frequencies_add_streams_that_no_kernel_follows() -> None:
    made = MotionFeatures(
        COCO_17, ("joint",), frequencies=Frequencies(spectral_motion=True, fourier=3)
    )
    assert set(made.kernels) == {"joint"}
    assert made.names[-7] == "bone, spectral motion y"
    assert made.names[-1] == "wave 2 of place and time, sine"
    assert made.stream_of[-7:] == ("velocity", *["waves"] * 6)


@pytest.mark.parametrize("streams", [(), ("joint", "joint"), ("joint", "elbow")])
def test_streams_that_cannot_be_are_told(streams: tuple[str, ...]) -> None:
    with pytest.raises(SkelfuseError, match="'streams'"):
        SkelFuse(ARM, 3, streams=streams)
