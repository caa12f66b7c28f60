"""Roles, and who has one."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import Literal

Role = Literal["none", "analyse", "watch", "care", "admin"]
ROLES: tuple[Role, ...] = ("none", "analyse", "watch", "care", "admin")
"""A ladder: each may do what those before it may."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody whom a request comes from."""

    name: str
    """Of the token, or of the user who started the server: the log's audit trail records it."""
    role: Role
    id: str
    """Of the token, which no other one ever has; what somebody brought is theirs by it."""

    def may(self, role: Role) -> bool:
        """Whether ``role`` is within the own one."""
        return ROLES.index(self.role) >= ROLES.index(role)


ANYBODY = Who("this machine", "analyse", "anybody")
"""Who has no token where none is needed."""


def user() -> Who:
    """Who runs the server, to whom the start link was shown."""
    return Who(user_name(), "admin", "user")


def user_name() -> str:
    """The name of the user who runs this process."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user without a name
        return "owner"
