"""Store a forced-choice study in one SQLite file: images, pairs, raters, and answers as they come."""

import json
import os
import secrets
import sqlite3
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jgen.errors import UsageError

NO_STUDY = "holds no study"
SCHEMA = """
CREATE TABLE study (id INTEGER PRIMARY KEY CHECK (id = 1), settings TEXT NOT NULL);
CREATE TABLE image (id INTEGER PRIMARY KEY, source TEXT NOT NULL, png BLOB NOT NULL);
CREATE TABLE pair (
  id INTEGER PRIMARY KEY, first INTEGER NOT NULL REFERENCES image, second INTEGER NOT NULL REFERENCES image,
  is_check INTEGER NOT NULL);
CREATE TABLE rater (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, token TEXT NOT NULL UNIQUE);
CREATE TABLE trial (
  rater INTEGER NOT NULL REFERENCES rater, position INTEGER NOT NULL, pair INTEGER NOT NULL REFERENCES pair,
  is_swapped INTEGER NOT NULL, left_token TEXT NOT NULL UNIQUE, right_token TEXT NOT NULL UNIQUE,
  PRIMARY KEY (rater, position), UNIQUE (rater, pair));
CREATE TABLE answer (
  rater INTEGER NOT NULL, position INTEGER NOT NULL, choice TEXT NOT NULL CHECK (choice IN ('left', 'right')),
  milliseconds INTEGER NOT NULL, answered_at REAL NOT NULL,
  PRIMARY KEY (rater, position), FOREIGN KEY (rater, position) REFERENCES trial (rater, position));
"""


class Pair(NamedTuple):
    """Pair of images that every rater sees; of an attention check the first is the known answer.

    Attributes:
        first: Index of an image.
        second: Index of another.
        is_check: Whether it is an attention check.
    """

    first: int
    second: int
    is_check: bool


class Trial(NamedTuple):
    """Next trial of one rater: all that the page is told.

    Attributes:
        position: Number of the trial in the rater's order; None where all are answered.
        left: Random name of the image on the left.
        right: That on the right.
        done: Number of answers so far.
        total: Number of trials.
    """

    position: int | None
    left: str
    right: str
    done: int
    total: int


class Answer(NamedTuple):
    """Answer of a rater, as the analysis reads it.

    Attributes:
        rater: Name of the rater.
        pair: Number of the pair.
        is_check: Whether it is an attention check.
        first: Source of the first image of the pair.
        second: Source of the second.
        is_first: Whether the first was preferred.
        milliseconds: Time from the showing of the pair to the answer.
    """

    rater: str
    pair: int
    is_check: bool
    first: str
    second: str
    is_first: bool
    milliseconds: int


class ConflictError(Exception):
    """An answer that contradicts what is stored: another one of that trial, or one out of its turn."""


class Store:
    """Study in an SQLite file, open for answers; each is on the disk before ``answer`` returns.

    The journal is a write-ahead log, synchronised at every commit, so neither a killed process nor a power
    failure loses an answer that was acknowledged.

    Args:
        path: The file, made by ``create``.

    Raises:
        UsageError: If there is no study in it.
    """

    def __init__(self, path: str | Path) -> None:
        if not Path(path).is_file():
            raise UsageError(f"there is no study {path}")
        self._open(path)
        try:
            (settings,) = self._all("SELECT settings FROM study")[0]
        except (sqlite3.DatabaseError, IndexError):
            self.close()
            raise UsageError(f"{path} {NO_STUDY}: delete it, or name another file") from None
        self.settings: dict[str, Any] = json.loads(settings)

    def _open(self, path: str | Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._database.execute(f"PRAGMA {setting}")
        except sqlite3.DatabaseError:
            self.close()
            raise UsageError(f"{path} {NO_STUDY}: it is no SQLite file") from None

    @classmethod
    def create(
        cls,
        path: str | Path,
        images: list[tuple[str, bytes]],
        pairs: list[Pair],
        settings: dict[str, Any],
    ) -> "Store":
        """Write a new study in one transaction and open it; a process killed meanwhile leaves none.

        Args:
            path: The file; it must not exist.
            images: Source and PNG of each image.
            pairs: The pairs.
            settings: Facts of the study; ``seed`` orders the trials.

        Raises:
            UsageError: If the file exists.
        """
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # who was real is secret
        except FileExistsError:
            raise UsageError(f"{path} exists: name another file") from None
        store = cls.__new__(cls)
        store._open(path)
        store.settings = settings
        database = store._database
        statements = [statement for statement in SCHEMA.split(";") if statement.strip()]
        with store._transaction():
            for statement in statements:
                database.execute(statement)
            database.execute("INSERT INTO study VALUES (1, ?)", [json.dumps(settings)])
            database.executemany("INSERT INTO image (source, png) VALUES (?, ?)", images)
            rows = [(pair.first + 1, pair.second + 1, pair.is_check) for pair in pairs]
            database.executemany("INSERT INTO pair (first, second, is_check) VALUES (?, ?, ?)", rows)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # from the log into the file itself
        return store

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _all(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._database.execute(query, values).fetchall()

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._database)

    def enter(self, name: str) -> str:
        """Return the secret token of a rater; a new one gets trials of all pairs, in a random order."""
        with self._transaction():
            if known := self._all("SELECT token FROM rater WHERE name = ?", name):
                return known[0][0]
            token = secrets.token_hex(16)
            rater = self._database.execute("INSERT INTO rater (name, token) VALUES (?, ?)", [name, token])
            pairs = [pair for (pair,) in self._all("SELECT id FROM pair ORDER BY id")]
            rng = np.random.default_rng([self.settings["seed"], rater.lastrowid or 0])
            swapped = rng.random(len(pairs)) < 0.5
            trials = [
                (rater.lastrowid, position, pairs[i], bool(swapped[i]), *_two_tokens())
                for position, i in enumerate(rng.permutation(len(pairs)))
            ]
            self._database.executemany("INSERT INTO trial VALUES (?, ?, ?, ?, ?, ?)", trials)
        return token

    def trial(self, token: str) -> Trial | None:
        """Return the first trial of a rater without an answer; None for an unknown token."""
        raters = self._all("SELECT id FROM rater WHERE token = ?", token)
        if not raters:
            return None
        (rater,) = raters[0]
        ((done, total),) = self._all(
            "SELECT (SELECT count(*) FROM answer WHERE rater = ?1), "
            "(SELECT count(*) FROM trial WHERE rater = ?1)",
            rater,
        )
        following = self._all(
            "SELECT position, left_token, right_token FROM trial WHERE rater = ?1 AND position NOT IN "
            "(SELECT position FROM answer WHERE rater = ?1) ORDER BY position LIMIT 1",
            rater,
        )
        position, left, right = following[0] if following else (None, "", "")
        return Trial(position, left, right, done, total)

    def answer(self, token: str, position: int, choice: str, milliseconds: int) -> Trial | None:
        """Store an answer and return the next trial; the same answer again changes nothing.

        Args:
            token: Of the rater.
            position: The trial: the one that ``trial`` returns, or one answered before.
            choice: ``"left"`` or ``"right"``.
            milliseconds: Time from the showing of the pair to the answer.

        Returns:
            The next trial; None for an unknown token.

        Raises:
            ConflictError: If the trial has another answer, which stays, or is not the next one.
        """
        with self._transaction():
            following = self.trial(token)
            if following is None:
                return None
            ((rater,),) = self._all("SELECT id FROM rater WHERE token = ?", token)
            stored = self._all("SELECT choice FROM answer WHERE rater = ? AND position = ?", rater, position)
            if stored and stored[0][0] != choice:
                raise ConflictError(f"trial {position} was answered before, by {stored[0][0]}")
            if not stored and position != following.position:
                raise ConflictError(f"trial {position} is not the next one")
            if not stored:
                self._database.execute(
                    "INSERT INTO answer VALUES (?, ?, ?, ?, ?)",
                    [rater, position, choice, milliseconds, time.time()],
                )
        return self.trial(token)

    def image(self, token: str, name: str) -> bytes | None:
        """Return an image of a rater's trials by its random name; None for any other name."""
        found = self._all(
            "SELECT png FROM trial JOIN rater ON rater.id = trial.rater JOIN pair ON pair.id = trial.pair "
            "JOIN image ON image.id = CASE WHEN (trial.left_token = ?2) = trial.is_swapped "
            "THEN pair.second ELSE pair.first END "
            "WHERE rater.token = ?1 AND ?2 IN (trial.left_token, trial.right_token)",
            token,
            name,
        )
        return found[0][0] if found else None

    def answers(self) -> list[Answer]:
        """Return all answers, in the order of raters and trials."""
        rows = self._all(
            "SELECT rater.name, pair.id, pair.is_check, one.source, two.source, "
            "(answer.choice = 'left') <> trial.is_swapped, answer.milliseconds FROM answer "
            "JOIN trial USING (rater, position) JOIN rater ON rater.id = answer.rater "
            "JOIN pair ON pair.id = trial.pair JOIN image one ON one.id = pair.first "
            "JOIN image two ON two.id = pair.second ORDER BY answer.rater, answer.position"
        )
        return [Answer(name, pair, bool(c), a, b, bool(first), ms) for name, pair, c, a, b, first, ms in rows]

    def raters(self) -> list[str]:
        """Return the names of all raters, in the order in which they came."""
        return [name for (name,) in self._all("SELECT name FROM rater ORDER BY id")]


def _two_tokens() -> tuple[str, str]:
    return secrets.token_hex(16), secrets.token_hex(16)


class _Transaction:
    """Transaction that takes the write lock at once, commits at its end, and rolls back on an error."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._database.execute("COMMIT" if kind is None else "ROLLBACK")
