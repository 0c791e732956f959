"""Where the server listens."""

from __future__ import annotations

import errno
import socket
import sys

import pytest

from sketchback.web import listening


def test_the_next_port_where_none_was_asked_for(monkeypatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        monkeypatch.setattr(listening, "PORT", taken)
        with listening.listen("127.0.0.1") as opened:
            assert opened.getsockname()[1] != taken


def test_the_next_port_where_the_system_keeps_one_for_itself(monkeypatch) -> None:
    class Socket(socket.socket):
        def bind(self, address: tuple[str, int]) -> None:
            if address[1] == listening.PORT:
                raise PermissionError(errno.EACCES, "as Windows says of ports that it reserves")
            super().bind(address)

    monkeypatch.setattr(listening.socket, "socket", Socket)
    with listening.listen("127.0.0.1") as opened:
        assert opened.getsockname()[1] != listening.PORT
    with pytest.raises(OSError, match="is for the system; choose a --port above 1023"):
        listening.listen("127.0.0.1", listening.PORT)


def test_a_port_that_was_asked_for_and_is_taken() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(OSError, match="is taken; choose another --port"),
    ):
        listening.listen("127.0.0.1", other.getsockname()[1])


@pytest.mark.parametrize(
    "host, port, words",
    [
        ("127.0.0.1", 99999, "0 to 65535"),
        ("no.such.host.invalid", 0, "address of this machine"),
        ("192.0.2.1", 0, "no address of this machine"),
    ],
)
def test_what_is_refused(host: str, port: int, words: str) -> None:
    with pytest.raises((ValueError, OSError), match=words):
        listening.listen(host, port)


def test_no_browser_where_there_is_no_screen(monkeypatch) -> None:
    for name in ("SSH_CONNECTION", "CI", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert not listening.has_screen()
    monkeypatch.setenv("DISPLAY", ":0")
    assert listening.has_screen()
    monkeypatch.setenv("SSH_CONNECTION", "there")
    assert not listening.has_screen()
