"""The fused kernel gives what the plain statistics give, forward and backward, to the last case.

Without a GPU Triton's interpreter runs it, number by number: that proves the arithmetic, not the
speed. It must be asked for before triton is imported, hence a process of its own.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from helpers.commands import in_new_process

ROOT = Path(__file__).resolve().parent.parent
has_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="triton is not installed here"
)


def run_by_the_kernel(*command: str) -> str:
    """Run Python in a process that has Triton's interpreter where there is no GPU."""
    on_gpu = torch.cuda.is_available()
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **({} if on_gpu else {"TRITON_INTERPRET": "1"})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
@pytest.mark.process
@has_triton
def test_the_kernel_is_the_plain_form() -> None:
    run_by_the_kernel(str(ROOT / "tests" / "fused_against_plain.py"))


@pytest.mark.long
@pytest.mark.process
@has_triton
def test_what_frierenfuse_promises_holds_by_the_kernel() -> None:
    suite = (
        "tests/test_frieren.py",
        "tests/test_layer_promises.py",
        "-k",
        "frieren or FrierenFuse",
    )
    plugins = ("-p", "helpers.by_the_kernel", "-p", "no:cacheprovider")
    told = run_by_the_kernel("-m", "pytest", "-q", *plugins, *suite)
    used = re.search(r"the kernel was used (\d+) times", told)
    assert used is not None
    assert int(used[1]) > 50


@pytest.mark.long
@pytest.mark.slow
def test_without_a_gpu_the_plain_form_is_used_and_triton_is_not_imported() -> None:
    script = (
        "import sys, torch; from skelfuse.layers import FrierenFuse\n"
        "FrierenFuse(8)(torch.randn(2, 9, 3, 8)).y.sum().backward()\n"
        "sys.exit('triton' in sys.modules or 'skelfuse.layers.fused_statistics' in sys.modules)"
    )
    in_new_process(script)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
@has_triton
@pytest.mark.parametrize("masked", [False, True])
def test_on_a_gpu_it_is_chosen_by_itself(masked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from skelfuse.layers import FrierenFuse, fused_statistics

    calls = []
    launch = fused_statistics.launch

    def counted(*given: Any) -> None:
        calls.append(given[0])
        launch(*given)

    monkeypatch.setattr(fused_statistics, "launch", counted)
    torch.manual_seed(0)
    fuse = FrierenFuse(16)
    x = torch.randn(4, 64, 25, 16)
    mask = torch.rand(4, 64, 25) > 0.2 if masked else None
    expected = fuse(x, mask)
    fuse, x = fuse.cuda(), x.cuda().requires_grad_()
    found = fuse(x, None if mask is None else mask.cuda())
    found.y.sum().backward()
    assert len(calls) == 2  # forward and backward
    torch.testing.assert_close(found.features.cpu(), expected.features, rtol=1e-4, atol=1e-5)
