"""Sends one message to one target. A failure is an ``OutputError`` that says why."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import smtplib
import ssl
import time
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

from mien.errors import MissingExtraError, OutputError, one_line
from mien.escaping import for_terminal
from mien.extras import require_extra
from mien.monitor.alerts.signing import ID, SIGNATURE, TIME, sign
from mien.monitor.rules.delivery_targets import AppriseService, Email, MessageFile, Webhook
from mien.reading import read_file

_TAIL = 1 << 20
_MOST_SECRET = 4096


def text_of(body: Mapping[str, Any]) -> str:
    """A message in plain words, on several lines."""
    lines = [f"{one['rule']}: {one['detail']}".removesuffix(": ") for one in body["alerts"]]
    again = ["This was sent before, and was not acknowledged."] if body["escalation"] else []
    return "\n".join(map(for_terminal, [body["subject"], "", *lines, *again, "", body["note"]]))


def line_of(body: Mapping[str, Any]) -> str:
    """A message on one line."""
    about = body["person"] or "the installation"
    details = "; ".join(f"{one['rule']}: {one['detail']}" for one in body["alerts"])
    return f"{body['time']} {about}: {details}"


def send(target: MessageFile | Webhook | Email | AppriseService, body: Mapping[str, Any]) -> None:
    """Send a message. Raises ``OutputError``; then it may have arrived, or not."""
    try:
        if isinstance(target, MessageFile):
            _append(target, body)
        elif isinstance(target, Webhook):
            _post(target, body)
        elif isinstance(target, AppriseService):
            _apprise(target, body)
        else:
            _mail(target, body)
    except OutputError:
        raise
    except MissingExtraError as error:
        raise OutputError(f"the target {target.name!r} failed ({error})") from None
    except (OSError, ValueError, http.client.HTTPException, smtplib.SMTPException) as error:
        reason = (isinstance(error, OSError) and error.strerror) or one_line(error)
        raise OutputError(f"the target {target.name!r} failed ({reason})") from error


def _append(target: MessageFile, body: Mapping[str, Any]) -> None:
    """Append a line, unless the message is in the file already, after a kill."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK  # a pipe does not block
    with os.fdopen(os.open(target.path, flags, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
        if f'"id": "{body["id"]}"'.encode() in tail and tail.endswith(b"\n"):
            return
        begin = b"" if not tail or tail.endswith(b"\n") else b"\n"  # after half a line
        file.write(begin + json.dumps(dict(body)).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _post(target: Webhook, body: Mapping[str, Any]) -> None:
    """POST, without following redirects, which would carry a message elsewhere."""
    content = json.dumps(dict(body)).encode()
    now = int(time.time())
    headers = {
        "Content-Type": "application/json", "User-Agent": "mien", ID: str(body["id"]),
        TIME: str(now), SIGNATURE: sign(_secret(target.secret_file), now, content),
    }  # fmt: skip
    parts = urlsplit(target.url)
    assert parts.hostname is not None
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = make(parts.hostname, parts.port, timeout=target.timeout_s)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, content, headers)
        answer = connection.getresponse()
        if not 200 <= answer.status < 300:
            raise OutputError(
                f"the target {target.name!r} failed (it answered {answer.status} "
                f"{for_terminal(answer.reason)})"
            )
    finally:
        connection.close()


def _mail(target: Email, body: Mapping[str, Any]) -> None:
    message = EmailMessage()
    message["Subject"] = f"Mien: {' '.join(for_terminal(body['subject']).split())}"
    message["From"], message["To"] = target.sender, ", ".join(target.to)
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{body['id']}@{target.sender.rpartition('@')[2]}>"
    message.set_content(text_of(body))
    context = ssl.create_default_context()
    make: Any = smtplib.SMTP
    options: dict[str, Any] = {"timeout": target.timeout_s}
    if target.security == "tls":
        make, options["context"] = smtplib.SMTP_SSL, context
    with make(target.host, target.port, **options) as server:
        if target.security == "starttls":
            server.starttls(context=context)
        if target.user:
            server.login(target.user, _secret(target.password_file).decode())
        server.send_message(message)


def _apprise(target: AppriseService, body: Mapping[str, Any]) -> None:
    require_extra("apprise", "a target of Apprise")
    import apprise

    service = apprise.Apprise.instantiate(_secret(target.url_file).decode())
    if service is None:
        raise OutputError(
            f"the target {target.name!r} failed (the address in {target.url_file!r} is of no "
            "service that Apprise knows, or misses a part)"
        )
    service.socket_connect_timeout = service.socket_read_timeout = target.timeout_s
    subject = f"Mien: {' '.join(for_terminal(body['subject']).split())}"
    if not service.notify(body=text_of(body), title=subject):
        raise OutputError(
            f"the target {target.name!r} failed (Apprise could not send; 'apprise -vv' with the "
            "same address says why)"
        )


def _secret(path: str) -> bytes:
    try:
        secret = read_file(path, _MOST_SECRET, pipes=True).strip(b"\r\n")
    except OSError as error:
        raise OutputError(f"cannot read the secret in {path!r} ({one_line(error)})") from None
    if not secret or b"\n" in secret:
        raise OutputError(f"the file {path!r} holds no secret: expected one line of text")
    return secret
