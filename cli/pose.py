"""`skelfuse pose`: the joints of people in videos."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelfuse.cli import options
from skelfuse.cli.command import Command
from skelfuse.cli.messages import complain, output, say, verbose
from skelfuse.cli.paths import FILE, PATH
from skelfuse.cli.termination import ended_cleanly

if TYPE_CHECKING:
    from skelfuse.clip import Clip
    from skelfuse.datasets.sources import Source
    from skelfuse.errors import SkelfuseError

SOME_FILES_BAD = 3
ENDING = ".npz"


@click.command(
    cls=Command,
    examples=["skelfuse pose walk.mp4 -o walk.npz", "skelfuse pose videos -o clips.npz"],
)
@click.argument("videos", nargs=-1, required=True, type=PATH)
@options.out(FILE, "One .npz with a clip for each video.", required=True)
@options.min_score
@options.fps
@click.pass_context
def pose(ctx: click.Context, /, videos: tuple[Path, ...], out: Path, **given: Any) -> None:
    """Find the joints of people in videos with MediaPipe.

    VIDEOS are files, or folders that are searched for them; the folder of a video is its label.
    All go into one .npz, one clip each, which preprocess, view, predict and explain read. These
    commands also read videos directly; for many videos, preprocess uses several processes and can
    be resumed.

    Needs the extra 'video': pip install 'skelfuse[video]' in an environment of its own.
    """
    from skelfuse.datasets.clips_npz import write_clips
    from skelfuse.datasets.format import ReadOptions
    from skelfuse.datasets.preprocess_options import PreprocessOptions
    from skelfuse.datasets.sources import find_sources
    from skelfuse.files import atomic_write, cannot_write
    from skelfuse.telling.counted import counted
    from skelfuse.telling.note_lines import note_lines, tally

    if out.suffix.lower() != ENDING:  # a video named by mistake would be overwritten
        raise click.UsageError(f"--out {out}: give a name that ends in {ENDING}")
    reading = ReadOptions(min_score=given["min_score"], fps=given["fps"])
    sources = find_sources(videos, PreprocessOptions("video", reading))
    problems: list[SkelfuseError] = []
    try:
        with ended_cleanly(), atomic_write(out) as place:  # an unwritable file is reported first
            clips = _clips(sources, reading, problems)
            if not clips:
                raise _none(problems)
            write_clips(place, clips)
    except OSError as error:
        raise cannot_write("", out, error, remedy="choose another --out") from None
    frames = counted(sum(clip.frames for clip in clips), "frame")
    output(f"{out}: {counted(len(clips), 'clip')}, {frames}, {clips[0].skeleton.name}")
    for line in note_lines(tally(clip.notes for clip in clips), more="-v tells them by video"):
        say(f"note: {line}")
    if problems:
        complain(f"{len(problems)} of {len(sources)} videos had a problem:")
        for problem in problems:
            complain(f"  {problem}")
        ctx.exit(SOME_FILES_BAD)


def _clips(sources: Sequence[Source], reading: Any, problems: list[SkelfuseError]) -> list[Clip]:
    """Return the clip of each video; errors are added to `problems`."""
    from skelfuse.cli.progress import bar, frames_bar
    from skelfuse.clip import Clip
    from skelfuse.datasets.clips import clips_in
    from skelfuse.datasets.sources import in_its_folder

    clips: list[Clip] = []
    with bar("video", total=len(sources)) as show, frames_bar(wanted=True) as watch:
        for done, source in enumerate(sources):
            show(done, source.name)
            begun = time.perf_counter()
            for clip in clips_in(source.path, source.format, reading, watch):
                if isinstance(clip, Clip):
                    clips.append(in_its_folder(clip, source))
                    say(_told(clips[-1], time.perf_counter() - begun))
                    for note in clip.notes if verbose() else ():
                        say(f"  {note}")
                else:
                    problems.append(clip)
        show(len(sources))
    return clips


def _told(clip: Clip, seconds: float) -> str:
    from skelfuse.telling.counted import counted

    rate = f" at {clip.fps:.4g} a second" if clip.fps else ", whose rate is not known (--fps)"
    seen = clip.mask.any(axis=(1, 2)).mean()
    each = f"{1000 * seconds / clip.frames:.0f} ms a frame"
    return f"{clip.name}: {counted(clip.frames, 'frame')}{rate}, a person in {seen:.0%}, {each}"


def _none(problems: Sequence[SkelfuseError]) -> SkelfuseError:
    from skelfuse.errors import SkelfuseError

    if len(problems) == 1:
        return problems[0]
    return SkelfuseError(
        f"no person in {len(problems)} videos", remedy=f"the first problem: {problems[0]}"
    )
