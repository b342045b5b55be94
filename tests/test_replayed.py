"""Passes from graphs give what the model gives, or are not used; a stand-in records here."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from skelfuse import replayed as module
from skelfuse.layouts import KINECT_V2
from skelfuse.models import SkelFuse
from skelfuse.models.deployed import deployed
from skelfuse.models.paths import TwoPaths
from skelfuse.replayed import MOST, OFTEN, replayed
from skelfuse.training.graph import Replay

Work = Callable[[], list[Tensor]]


@pytest.fixture(autouse=True)
def no_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


class Recorder:
    """Repeats a pass into the same results, as a graph does, and counts recordings and replays."""

    def __init__(self) -> None:
        self.recorded = self.replays = 0

    def __call__(self, work: Work) -> Replay:
        results = [one.clone() for one in work()]
        self.recorded += 1

        def replay() -> list[Tensor]:
            self.replays += 1
            for there, one in zip(results, work(), strict=True):
                there.copy_(one)
            return results

        return replay


class Sum(nn.Module):
    """A model that notes where its inputs are."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[int] = []

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        self.places.append(x.data_ptr())
        x = x if mask is None else x * mask
        return torch.stack([x.sum(dim=1), x.amax(dim=1)], dim=1)


def small(rows: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, 5, generator=torch.Generator().manual_seed(seed))


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(4,), (4, 4, 4, 2), (1, 2, 3, 4, 5, 6, 7)])
def test_mixed_batches_give_what_the_model_gives(sizes: tuple[int, ...]) -> None:
    model = deployed(SkelFuse(KINECT_V2, num_classes=4, size="nano").eval())
    recorder = Recorder()
    again = replayed(model, capture=recorder)
    assert isinstance(again, TwoPaths)
    assert isinstance(model, TwoPaths)
    with torch.inference_mode():
        for i, rows in enumerate(itertools.islice(itertools.cycle(sizes), 4 * len(sizes))):
            torch.manual_seed(i)
            x, mask = torch.randn(rows, 6, 1, 25, 3), torch.rand(rows, 6, 1, 25) < 0.8
            for seen in (mask, None):
                torch.testing.assert_close(again(x, seen), model(x, seen), rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(
                again.by_path(x, mask), model.by_path(x, mask), rtol=1e-5, atol=1e-5
            )
    assert recorder.recorded >= 2  # with a mask and without one
    assert recorder.replays > recorder.recorded


def test_a_shape_is_recorded_when_it_comes_often_and_inputs_come_to_one_place() -> None:
    model, recorder = Sum(), Recorder()
    again = replayed(model, capture=recorder)
    for i in range(OFTEN - 1):
        again(small(3, i))
    assert recorder.recorded == 0
    again(small(3))
    assert recorder.recorded == 1
    model.places.clear()
    inputs = [small(3, i) for i in range(5)]
    for x in inputs:
        torch.testing.assert_close(again(x), Sum()(x), rtol=0, atol=0)
    assert len(set(model.places)) == 1
    assert model.places[0] not in {x.data_ptr() for x in inputs}


def test_results_are_not_written_over_by_the_next_pass() -> None:
    again = replayed(Sum(), capture=Recorder())
    for _ in range(OFTEN):
        again(small(3))
    first = again(torch.ones(3, 5))
    again(torch.full((3, 5), 2.0))
    assert first.tolist() == [[5.0, 1.0]] * 3


def test_few_graphs_are_kept_and_the_one_not_used_for_longest_goes() -> None:
    recorder = Recorder()
    again = replayed(Sum(), capture=recorder)

    def pass_of(rows: int, times: int = OFTEN) -> int:
        """Take passes; return how many came from graphs."""
        before = recorder.replays
        for _ in range(times):
            again(small(rows))
        return recorder.replays - before

    for rows in range(1, MOST + 1):
        pass_of(rows)
    assert pass_of(1, times=1) == 1  # so that 2 is the one not used for longest
    pass_of(MOST + 1)
    assert recorder.recorded == MOST + 1
    assert [pass_of(rows, times=1) for rows in (1, 3, MOST + 1)] == [1, 1, 1]
    assert pass_of(2, times=1) == 0


def test_shapes_that_come_once_are_counted_in_bounded_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 3)
    recorder = Recorder()
    again = replayed(Sum(), capture=recorder)
    for _ in range(OFTEN):
        for rows in range(1, 6):
            again(small(rows))
    assert recorder.recorded == 0


def frozen(work: Work) -> Replay:
    """Record what is wrong: the first results, whatever the inputs are."""
    results = [one.clone() for one in work()]
    return lambda: results


def refused(work: Work) -> Replay:
    work()
    raise RuntimeError("operation not permitted when stream is capturing\nmore of it")


def no_numbers(work: Work) -> Replay:
    return lambda: [one * torch.nan for one in work()]


@pytest.mark.parametrize(
    ("capture", "reason"),
    [
        (frozen, "results differ by"),
        (refused, "this model cannot be: operation not permitted when stream is capturing$"),
        (no_numbers, "results differ by nan"),
    ],
)
def test_where_a_graph_gives_something_else_the_model_is_used_and_it_is_told_once(
    capture: Callable[[Work], Replay], reason: str
) -> None:
    again = replayed(Sum(), capture=capture)
    inputs = [small(2 + i % 2, i) for i in range(3 * OFTEN)]
    with pytest.warns(UserWarning, match=f"passes are not recorded as graphs: {reason}") as told:
        found = [again(x) for x in inputs]
    assert len(told) == 1
    torch.testing.assert_close(found, [Sum()(x) for x in inputs], rtol=0, atol=0)


def test_results_that_are_no_numbers_say_nothing_against_a_graph() -> None:
    recorder = Recorder()
    again = replayed(Sum(), capture=recorder)
    bad = torch.full((2, 5), torch.nan)
    for _ in range(2 * OFTEN):
        assert bool(again(bad).isnan().all())
    for _ in range(2 * OFTEN):
        torch.testing.assert_close(again(small(2)), Sum()(small(2)), rtol=0, atol=0)
    assert recorder.replays > OFTEN


def test_gradients_go_through_the_model() -> None:
    again = replayed(Sum(), capture=Recorder())
    with torch.enable_grad():
        for _ in range(2 * OFTEN):
            x = small(2).requires_grad_()
            again(x).sum().backward()
            assert x.grad is not None


def test_threads_take_turns() -> None:
    again, wrong = replayed(Sum(), capture=Recorder()), list[int]()

    @torch.no_grad()
    def work(seed: int) -> None:
        x = small(2, seed)
        expected = Sum()(x)
        wrong.extend(seed for _ in range(200) if not torch.equal(again(x), expected))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
def test_on_a_card_graphs_are_recorded_and_give_the_same() -> None:
    model = deployed(SkelFuse(KINECT_V2, num_classes=4, size="nano").eval()).cuda()
    again = replayed(model)  # without a word of what it cannot
    for i in range(3 * OFTEN):
        torch.manual_seed(i)
        x = torch.randn(1 + i % 2, 12, 2, 25, 3, device="cuda")
        mask = torch.rand(x.shape[:-1], device="cuda") < 0.8
        with torch.inference_mode():
            torch.testing.assert_close(again(x, mask), model(x, mask), rtol=1e-5, atol=1e-5)
    assert isinstance(again.graphs, dict)
    assert len(again.graphs) == 2
