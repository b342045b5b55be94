"""Explain a decision by hiding: which joints, limbs and moments the model cannot do without."""

from __future__ import annotations

from typing import NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.explain.answer import Explanation, Moment, Named, standing_out
from skelfuse.explain.class_names import number_of
from skelfuse.explain.game import Game
from skelfuse.explain.players import (
    Kind,
    Players,
    Segment,
    joint_players,
    limb_players,
    moment_players,
)
from skelfuse.explain.questions import Questions
from skelfuse.explain.seen import Seen, log_class_shares, seen_by
from skelfuse.explain.shapley import Shares, shapley_shares, synergies
from skelfuse.run import Run

Array = npt.NDArray[np.float64]

FIRST = 4  # shares that must be sure
SURE = 0.1  # of these shares: the standard error that is small enough
MOST = 4  # times as many rounds as asked for, where shares are not sure before
IN_PAIRS = 5  # players whose synergies are asked: 64 questions


def explain_by_hiding(
    run: Run,
    clip: Clip,
    target: str | None = None,
    against: str | None = None,
    players: Kind = "joints",
    *,
    rounds: int = 16,
    seed: int = 0,
    crops: int = 1,
) -> Explanation:
    """Explain the run's decision on a clip that is prepared as the clips of its store are.

    `target` is the likeliest class unless another is named. With `players` "joints" limbs and
    moments are explained as well, with "limbs" moments are, with "moments" nothing else.

    >>> from pathlib import Path
    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.training import TrainConfig, build_model
    >>> config = TrainConfig()
    >>> model = build_model(config.model, KINECT_V2, 2).eval()  # it knows nothing yet
    >>> run = Run(model, config, KINECT_V2, ("sit", "stand"), Path("runs/x"), 1, {}, {}, {})
    >>> moving = np.random.default_rng(0).normal(size=(60, 1, 25, 3)).astype(np.float32)
    >>> found = explain_by_hiding(run, Clip(moving, KINECT_V2, name="a", fps=30), players="limbs")
    >>> list(found.limbs), abs(sum(found.limbs.values()) - found.total) < 1e-9
    (['head', 'trunk', 'left arm', 'right arm', 'left leg', 'right leg'], True)
    """
    if players not in get_args(Kind):
        expected = ", ".join(get_args(Kind))
        raise SkelfuseError("no such players", expected=expected, found=players)
    if rounds < 2:
        raise SkelfuseError("too few rounds to be sure of anything", expected=">= 2", found=rounds)
    if len(run.class_names) < 2:
        raise SkelfuseError(
            "there is nothing to decide", file=run.path, found="a run of a single class"
        )
    wanted = None if target is None else number_of(run.class_names, target)
    rival = None if against is None else number_of(run.class_names, against)
    seen = seen_by(run, clip, crops=crops)
    if not bool(seen.mask.any()):
        raise SkelfuseError(
            f"clip '{clip.name}' shows nobody at the moments that the model looks at",
            remedy="explain another clip",
        )
    questions = Questions(lambda x, mask: run.checked(run.deployed(x, mask)), seen.x, seen.mask)
    whole = questions.as_it_is()  # [K]
    number = int(whole.argmax()) if wanted is None else wanted
    if number == rival:
        raise SkelfuseError(
            f"'{against}' cannot be compared with itself",
            remedy="it is the class explained; name another one",
        )
    weights = np.zeros(len(whole))
    weights[number] = 1.0
    if rival is not None:
        weights[rival] = -1.0
    asked = _Asked(run, clip, seen, questions, weights, rounds, seed)
    return asked.explanation(number, rival, whole, players)


class _Asked:
    """One explanation in the making."""

    def __init__(
        self,
        run: Run,
        clip: Clip,
        seen: Seen,
        questions: Questions,
        weights: Array,
        rounds: int,
        seed: int,
    ) -> None:
        self.run, self.clip, self.seen = run, clip, seen
        self.questions, self.weights = questions, weights
        self.rounds, self.seed = rounds, seed
        self.nothing = log_class_shares(run)

    def explanation(
        self, number: int, rival: int | None, whole: Array, players: Kind
    ) -> Explanation:
        """Ask all that `players` calls for."""
        run, clip, seen = self.run, self.clip, self.seen
        parts, segments = moment_players(seen.mask, seen.position)
        games = {"moments": self._played(parts)}
        if players != "moments":
            games["limbs"] = self._played(limb_players(seen.mask, run.skeleton))
        if players == "joints":
            games["joints"] = self._played(joint_players(seen.mask, run.skeleton))
        main = games[players]
        limbs = games["limbs"].by_name() if "limbs" in games else ({}, {})
        shares, error = main.by_name()
        return Explanation(
            clip=clip.name,
            label=clip.label,
            classes=run.class_names,
            probabilities=np.exp(whole),
            target=run.class_names[number],
            against=None if rival is None else run.class_names[rival],
            players=players,
            joints=shares if players == "joints" else {},
            limbs=limbs[0],
            limb_error=limbs[1],
            moments=self._moments(segments, games["moments"]),
            total=float((whole - self.nothing) @ self.weights),
            error=error,
            rounds=main.shares.rounds,
            pairs=self._pairs(main),
            hidden=self._alone(main, number),
            frozen=self._frozen(main, number) if players != "moments" else {},
            named=self._named(main, number, movable=players != "moments"),
            by_class=main.shares.each.mean(axis=0),
            fps=clip.fps,
            skeleton=run.skeleton,
            x=seen.x[0].cpu().double().numpy(),
            mask=seen.mask[0].cpu().numpy(),
            time=seen.position[0].numpy() / (clip.fps or 1.0),
        )

    def _played(self, players: Players) -> _Played:
        game = Game(self.questions, players, self.nothing)
        shares = shapley_shares(
            game.value,
            len(players),
            self.rounds,
            seed=self.seed,
            most=MOST * self.rounds,
            steady=self._steady,
        )
        return _Played(game, shares, *shares.of(self.weights))

    def _steady(self, shares: Shares) -> bool:
        mean, error = shares.of(self.weights)
        first = np.argsort(-np.abs(mean))[:FIRST]
        return bool(error[first].sum() <= SURE * np.abs(mean[first]).sum())

    def _moments(self, segments: tuple[Segment, ...], played: _Played) -> tuple[Moment, ...]:
        rate = self.clip.fps or 1.0
        found = zip(segments, played.mean.tolist(), played.error.tolist(), strict=True)
        return tuple(
            Moment(segment.first / rate, segment.last / rate, share, error)
            for segment, share, error in found
        )

    def _pairs(self, played: _Played) -> dict[tuple[str, str], float]:
        strongest = [int(i) for i in np.argsort(-np.abs(played.mean))[:IN_PAIRS]]
        if len(strongest) < 2:
            return {}
        found = synergies(played.game.value, len(played.mean), sorted(strongest))
        names = played.game.players.names
        each = {(names[a], names[b]): float(s @ self.weights) for (a, b), s in found.items()}
        return dict(sorted(each.items(), key=lambda pair: -abs(pair[1])))

    def _alone(self, played: _Played, number: int) -> dict[str, float]:
        size = len(played.mean)
        found = np.exp(played.game.value(~np.eye(size, dtype=bool))[:, number])
        return dict(zip(played.game.players.names, found.tolist(), strict=True))

    def _frozen(self, played: _Played, number: int) -> dict[str, float]:
        found = np.exp(self.questions.freezing(played.game.players.cells)[:, number])
        return dict(zip(played.game.players.names, found.tolist(), strict=True))

    def _named(self, played: _Played, number: int, *, movable: bool) -> Named | None:
        names = standing_out(*played.by_name())
        if not names:
            return None
        players = played.game.players
        places = [players.names.index(name) for name in names]
        hidden, only = played.game.without(places), played.game.only(places)
        frozen = None
        if movable:
            which = players.cells[places].any(dim=0, keepdim=True)
            frozen = float(np.exp(self.questions.freezing(which)[0, number]))
        return Named(
            tuple(names),
            float(np.exp(hidden[number])),
            self.run.class_names[int(hidden.argmax())],
            frozen,
            float(np.exp(only[number])),
        )


class _Played(NamedTuple):
    """A game that was played: its shares in what is explained, and their errors, `[P]`."""

    game: Game
    shares: Shares
    mean: Array
    error: Array

    def by_name(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return shares and errors by the players' names."""
        names = self.game.players.names
        return (
            dict(zip(names, self.mean.tolist(), strict=True)),
            dict(zip(names, self.error.tolist(), strict=True)),
        )
