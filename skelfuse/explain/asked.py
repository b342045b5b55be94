"""Everything that a model is asked about one clip, to explain any class by hiding."""

from __future__ import annotations

from typing import NamedTuple, get_args

import numpy as np

from skelfuse.arrays import Array
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.explain.answer import Explanation, Moment, Named, standing_out
from skelfuse.explain.class_names import number_of
from skelfuse.explain.game import Game
from skelfuse.explain.group import needed_together
from skelfuse.explain.own_path import own_path
from skelfuse.explain.players import (
    Kind,
    Players,
    joint_players,
    limb_players,
    moment_players,
)
from skelfuse.explain.questions import Questions
from skelfuse.explain.seen import log_class_shares, seen_by
from skelfuse.explain.shapley import Shares, shapley_shares, synergies
from skelfuse.run import Run

FIRST = 4  # shares that must be sure
SURE = 0.1  # of these shares: the standard error that is small enough
MOST = 4  # times as many rounds as asked for, where shares are not sure before
IN_PAIRS = 5  # players whose synergies are asked: 64 questions


class Asked:
    """All that was asked about one clip, from which any class can be explained."""

    def __init__(self, run: Run, clip: Clip, *, rounds: int, seed: int, crops: int) -> None:
        if rounds < 2:
            raise SkelfuseError(
                "too few rounds to tell how sure the shares are", expected=">= 2", found=rounds
            )
        if len(run.class_names) < 2:
            raise SkelfuseError(
                "there is nothing to decide",
                file=run.path,
                found="a run of a single class",
                remedy="explain with a run of two classes or more",
            )
        self.run, self.clip = run, clip
        self.rounds, self.seed = rounds, seed
        self.nothing = log_class_shares(run)
        self.seen = seen = seen_by(run, clip, crops=crops)
        if not bool(seen.mask.any()):
            raise SkelfuseError(
                f"clip '{clip.name}' shows nobody at the moments that the model looks at",
                remedy="explain another clip",
            )
        self.questions = Questions(
            lambda x, mask: run.checked(run.deployed(x, mask)), seen.x, seen.mask, self.nothing
        )
        self.whole = self.questions.as_it_is()  # [K], log probabilities
        parts, self.segments = moment_players(seen.mask, seen.position)
        self._players: dict[Kind, Players] = {"moments": parts}
        self._games: dict[Kind, Game] = {}  # which know what was asked before
        self._still: dict[Kind, Array] = {}  # [P,K]

    def explanation(self, target: str | None, against: str | None, players: Kind) -> Explanation:
        """Explain a class, perhaps rather than another, by all that `players` calls for."""
        if players not in get_args(Kind):
            expected = ", ".join(get_args(Kind))
            raise SkelfuseError("no such players", expected=expected, found=players)
        run, clip, seen = self.run, self.clip, self.seen
        classes = run.class_names
        number = int(self.whole.argmax()) if target is None else number_of(classes, target)
        rival = None if against is None else number_of(classes, against)
        if number == rival:
            raise SkelfuseError(
                f"'{against}' cannot be compared with itself",
                remedy="it is the class explained; name another one",
            )
        weights = np.zeros(len(classes))
        weights[number] = 1.0
        if rival is not None:
            weights[rival] = -1.0
        games = {"moments": self._played("moments", weights)}
        if players != "moments":
            games["limbs"] = self._played("limbs", weights)
        if players == "joints":
            games["joints"] = self._played("joints", weights)
        main = games[players]
        limbs = games["limbs"].by_name() if "limbs" in games else ({}, {})
        shares, error = main.by_name()
        sums = own_path(run, seen, weights)
        return Explanation(
            clip=clip.name,
            label=clip.label,
            classes=classes,
            probabilities=np.exp(self.whole),
            target=classes[number],
            against=None if rival is None else classes[rival],
            players=players,
            joints=shares if players == "joints" else {},
            limbs=limbs[0],
            limb_error=limbs[1],
            moments=self._moments(games["moments"]),
            total=float((self.whole - self.nothing) @ weights),
            error=error,
            rounds=main.shares.rounds,
            pairs=self._pairs(main, weights),
            hidden=self._alone(main, number),
            frozen=self._frozen(players, number) if players != "moments" else {},
            named=self._named(main, number, rival, movable=players != "moments"),
            by_class=main.shares.each.mean(axis=0),
            fps=clip.fps,
            skeleton=run.skeleton,
            x=seen.x[0].cpu().double().numpy(),
            mask=seen.mask[0].cpu().numpy(),
            time=seen.position[0].numpy() / (clip.fps or 1.0),
            own=None if sums is None else sums.own,
            together=None if sums is None else sums.together,
            statistics=None if sums is None else sums.statistics,
            doubts=run.doubts(clip),
        )

    def _game(self, kind: Kind) -> Game:
        if kind not in self._games:
            if kind == "limbs":
                self._players[kind] = limb_players(self.seen.mask, self.run.skeleton)
            if kind == "joints":
                self._players[kind] = joint_players(self.seen.mask, self.run.skeleton)
            self._games[kind] = Game(self.questions, self._players[kind])
        return self._games[kind]

    def _played(self, kind: Kind, weights: Array) -> _Played:
        def steady(shares: Shares) -> bool:
            mean, error = shares.of(weights)
            first = np.argsort(-np.abs(mean))[:FIRST]
            return bool(error[first].sum() <= SURE * np.abs(mean[first]).sum())

        game = self._game(kind)
        shares = shapley_shares(
            game.value,
            len(game.players),
            self.rounds,
            seed=self.seed,
            most=MOST * self.rounds,
            steady=steady,
        )
        return _Played(game, shares, *shares.of(weights))

    def _moments(self, played: _Played) -> tuple[Moment, ...]:
        rate = self.clip.fps or 1.0
        found = zip(self.segments, played.mean.tolist(), played.error.tolist(), strict=True)
        return tuple(
            Moment(segment.first / rate, segment.last / rate, share, error)
            for segment, share, error in found
        )

    def _pairs(self, played: _Played, weights: Array) -> dict[tuple[str, str], float]:
        strongest = [int(i) for i in np.argsort(-np.abs(played.mean))[:IN_PAIRS]]
        if len(strongest) < 2:
            return {}
        found = synergies(played.game.value, len(played.mean), sorted(strongest))
        names = played.game.players.names
        each = {(names[a], names[b]): float(s @ weights) for (a, b), s in found.items()}
        return dict(sorted(each.items(), key=lambda pair: -abs(pair[1])))

    def _alone(self, played: _Played, number: int) -> dict[str, float]:
        size = len(played.mean)
        found = np.exp(played.game.value(~np.eye(size, dtype=bool))[:, number])
        return dict(zip(played.game.players.names, found.tolist(), strict=True))

    def _frozen(self, kind: Kind, number: int) -> dict[str, float]:
        players = self._game(kind).players
        if kind not in self._still:
            self._still[kind] = self.questions.freezing(players.cells)
        found = np.exp(self._still[kind][:, number])
        return dict(zip(players.names, found.tolist(), strict=True))

    def _named(
        self, played: _Played, number: int, rival: int | None, *, movable: bool
    ) -> Named | None:
        names = standing_out(*played.by_name())
        if not names:
            return None
        places = needed_together(
            played.game, played.mean, played.error, len(names), number=number, rival=rival
        )
        players = played.game.players
        hidden, only = played.game.without(places), played.game.only(places)
        frozen = None
        if movable:
            which = players.cells[places].any(dim=0, keepdim=True)
            frozen = float(np.exp(self.questions.freezing(which)[0, number]))
        return Named(
            tuple(players.names[place] for place in places),
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
