"""Which requests are let in, and the security headers of every answer.

The machine is shared with other programs and other web sites. A request is answered only under this machine's own
names (against DNS rebinding), and a drawing is never accepted from another site.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Iterable

from fastapi import Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sketchback.web import errors

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# The page loads only its own files; no script, style or frame of another site.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
DOCS_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")  # Swagger UI sets styles


class Guard:
    """Refuses requests that are not meant for this machine, and adds security headers to every answer.

    Args:
        app: The application behind it.
        hosts: The names in the `Host` header that are this machine's. A page of another site can make its own name
            lead to this machine (DNS rebinding), but it cannot choose the header.
        addresses: Whether any IP address in the header is accepted too, for a server that other machines reach:
            rebinding needs a name.
    """

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str] = LOOPBACK, addresses: bool = False):
        self.app, self.hosts, self.addresses = app, {host.lower() for host in hosts}, addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or passes it on."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", POLICY)
                headers.setdefault("Cache-Control", "no-store")
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        await (refusal or self.app)(scope, receive, send_with_headers)

    def _refusal(self, method: str, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if not self._is_own(_hostname(host)):
            names = ", ".join(sorted(self.hosts))
            return errors.response(
                403, f"This server answers under its own names only ({names}). Received: {host[:80]!r}."
            )
        if method in ("GET", "HEAD"):
            return None
        origin = headers.get("origin")
        foreign = origin is not None and origin.partition("://")[2].lower() != host.lower()
        if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return errors.response(403, "A drawing must be sent by this page or by a program, not by another web site.")
        return None

    def _is_own(self, name: str) -> bool:
        if name in self.hosts:
            return True
        with contextlib.suppress(ValueError):
            return self.addresses and bool(ipaddress.ip_address(name))
        return False


def _hostname(header: str) -> str:
    """The name in a `Host` header, without its port; empty where there is none.

    >>> _hostname("Localhost:8000"), _hostname("[::1]:80"), _hostname("a:b:c")
    ('localhost', '::1', '')
    """
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:@/\s\[\]]+))(?::\d*)?", header)
    return (found[1] or found[2]).lower() if found else ""
