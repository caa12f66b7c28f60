"""The log as operations see it: open, with who looks into it named in the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends

from mien.server.access.roles import Role, Who, needs
from mien.server.context import Context, context_of
from mien.server.problems import Problem

if TYPE_CHECKING:
    from mien.log.database import Log

NO_LOG = "no log is open: start the server with 'mien serve --log FILE'"


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody with the role that an operation asks for, and the open log."""

    log: Log
    who: Who

    @contextmanager
    def audited(self) -> Iterator[Log]:
        """The log; what is read and changed in the block is noted under the visitor's name."""
        from mien.log.audit import acting_as  # the extra "log": only where a log is open

        with acting_as(self.who.name):
            yield self.log


def visits(role: Role) -> Callable[..., Visit]:
    """A dependency of operations: whoever has ``role``, and the log.

    Raises ``Problem`` 404 where the server was started without a log, and what ``needs`` raises.
    """
    allowed = Depends(needs(role))

    def visit(context: Annotated[Context, Depends(context_of)], who: Who = allowed) -> Visit:
        if context.log is None:
            raise Problem(404, NO_LOG)
        return Visit(context.log, who)

    return visit


Watching = Annotated[Visit, Depends(visits("watch"))]
Caring = Annotated[Visit, Depends(visits("care"))]
Ruling = Annotated[Visit, Depends(visits("admin"))]
