"""A TLS session as a client and server hold it: handshake, requests, answers.

The sizes follow recordings of real clients (a Go or curl handshake, a server flight of 3 to 5 KB),
so that what the product subtracts as overhead is what is really there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from craft import tls
from craft.tcp import EPOCH_NS, Conversation, Host

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(slots=True)
class Session:
    """One TLS connection and the plaintext sizes that went through it."""

    conversation: Conversation
    tls13: bool = True
    body_bytes: int = 0
    requests: int = 0
    request_sizes: list[int] = field(default_factory=list)

    def handshake(
        self, hello: tls.Hello, *, flight: int = 3500, sizes: Sequence[int] | None = None
    ) -> Session:
        """ClientHello, server flight, Finished."""
        talk = self.conversation
        talk.client(tls.handshake_records(tls.client_hello(hello)), sizes=sizes)
        talk.server(tls.server_flight(flight, tls13=self.tls13))
        talk.client(tls.client_finished(tls13=self.tls13))
        if not self.tls13:
            talk.server(tls.server_finished_tls12())
        return self

    def tickets(self, *sizes: int) -> Session:
        """The server sends session tickets of these wire sizes."""
        self.conversation.server(b"".join(tls.session_ticket(size) for size in sizes))
        return self

    def exchange(self, head: int, body: int, answer: int, *, record_plain: int = 16384) -> Session:
        """A request of head + body bytes, answered by `answer` bytes of plaintext."""
        seed = f"request {self.requests}"
        data = tls.application(head + body, record_plain=record_plain, tls13=self.tls13, seed=seed)
        self.conversation.client(data)
        if answer:
            self.conversation.server(
                tls.application(answer, tls13=self.tls13, seed=f"answer {self.requests}")
            )
        self.requests += 1
        self.body_bytes += body
        self.request_sizes.append(len(data))
        return self

    def close(self) -> Session:
        """close_notify and FIN."""
        self.conversation.client(tls.close_notify(tls13=self.tls13))
        self.conversation.close()
        return self


def connect(
    client: tuple[str, int],
    server: tuple[str, int],
    sni: str | None,
    *,
    start_ns: int = EPOCH_NS,
    tls13: bool = True,
    isn: tuple[int, int] = (1_000_000, 9_000_000),
    hello: tls.Hello | None = None,
    flight: int = 3500,
    mss: int = 1460,
    step_ns: int = 100_000,
    sizes: Sequence[int] | None = None,
) -> Session:
    """TCP and TLS handshake with a server."""
    talk = Conversation(
        Host(*client, isn[0]), Host(*server, isn[1]), mss=mss, start_ns=start_ns, step_ns=step_ns
    )
    talk.open()
    offered = hello or tls.Hello(sni, versions=(tls.TLS13, tls.TLS12) if tls13 else ())
    return Session(talk, tls13).handshake(offered, flight=flight, sizes=sizes)
