"""What is asked of an identity provider: a function for each requirement, which returns its evidence.

A function that returns has seen the requirement kept. What is broken raises `Broken`, what cannot be
asked of this subject raises `NotApplicable`; anything else that goes wrong is the suite's own fault
and is told as such, never as a verdict.
"""

import dataclasses
import enum
import traceback
from collections.abc import Callable


class Level(enum.Enum):
    """How much a failure weighs."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    # Something a stranger gains by.
    ATTACK = "attack"
    # A defence that no specification demands, and without which no door is open yet.
    HARDENING = "hardening"


class Verdict(enum.Enum):
    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "n/a"
    # The suite could not ask: not to be published.
    UNDECIDED = "undecided"


class Broken(Exception):
    """The requirement is not kept; the text says what was seen."""


class NotApplicable(Exception):
    """The subject does not have what this is about; the text says what."""


@dataclasses.dataclass(frozen=True)
class Requirement:
    id: str
    level: Level
    # The document and section, or the class of attack with where it was seen before.
    place: str
    # The sentence: quoted where it stands in quotation marks, else put in short.
    sentence: str
    check: Callable

    def judge(self, idp):
        """The verdict with its evidence."""
        try:
            return Verdict.PASS, self.check(idp) or ""
        except Broken as broken:
            return Verdict.FAIL, str(broken)
        except NotApplicable as reason:
            return Verdict.NOT_APPLICABLE, str(reason)
        except Exception as error:  # whatever it is, it is not the subject's verdict
            where = traceback.extract_tb(error.__traceback__)[-1]
            return Verdict.UNDECIDED, f"{type(error).__name__}: {error} ({where.name}:{where.lineno})"


# In the order in which they are written down.
ALL: list[Requirement] = []


def _level(level):
    def requirement(id, place, sentence):
        def register(check):
            assert all(each.id != id for each in ALL), id
            ALL.append(Requirement(id, level, place, sentence, check))
            return check

        return register

    return requirement


must = _level(Level.MUST)
should = _level(Level.SHOULD)
attack = _level(Level.ATTACK)
hardening = _level(Level.HARDENING)


def need(holds, otherwise):
    """The requirement is broken unless this holds."""
    if not holds:
        raise Broken(otherwise)
