"""Bones for files that name none: one tree for all of a store, from its first clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skelfuse.clip import Clip
from skelfuse.datasets.clips import clips_in
from skelfuse.datasets.preprocess_options import PreprocessOptions
from skelfuse.datasets.sources import Source
from skelfuse.spanning_tree import spanning_bones


def with_tree(sources: Sequence[Source], options: PreprocessOptions) -> PreprocessOptions:
    """Return the options with the bones for clips without any, found on the first such clip.

    They are kept with the store, so that later files of a run are joined by the same ones.
    """
    for source in sources:
        for clip in clips_in(source.path, source.format, options.reading):
            if isinstance(clip, Clip):
                bones = () if clip.skeleton.bones else spanning_bones(clip)
                return replace(options, reading=replace(options.reading, bones=bones))
    return options
