"""How far a source was recorded before."""

from __future__ import annotations

from mien.errors import InputError
from mien.log.database import Log
from mien.log.persons import check_consent
from mien.log.recording.wish import Wish
from mien.log.sessions import Source, recorded_until


def resume_ms(log: Log, source: Source, wish: Wish, whole_ends: bool = True) -> int | None:
    """Begin of the last window that is stored; ``None`` for a source that is new.

    Raises ``InputError`` for one that was recorded to its end.
    """
    lasts = {}
    with log.read() as connection:
        for name in wish.persons:
            person = check_consent(connection, name)
            whole, lasts[name] = recorded_until(connection, source, person)
            if whole and whole_ends:
                raise InputError(f"{source.name!r} is recorded already: there is nothing to add")
    if len(set(lasts.values())) > 1:
        names = " and ".join(map(repr, lasts))
        raise InputError(f"{names} are recorded up to other moments of {source.name!r}: part them")
    return next(iter(lasts.values()))
