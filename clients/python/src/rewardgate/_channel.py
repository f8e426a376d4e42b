"""How connections are made."""

from __future__ import annotations

from .errors import RequestError

ADDRESS = "localhost:50051"
MAX_MESSAGE_BYTES = 64 << 20


def checked_address(address: str) -> str:
    """The address, as gRPC takes one.

    Raises:
        RequestError: it is the URL of a web server, for whose name gRPC would ask in vain for as long as a call is tried.
    """
    if address.startswith(("http://", "https://")):
        raise RequestError("SETTING_INVALID", f"address {address!r} is a URL; name host and port of the gRPC listener, such as {ADDRESS}")
    return address


def channel_options() -> list[tuple[str, int | str]]:
    """Options of every channel: answers may be large, and a connection that died is noticed without a call."""
    return [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        # Tries are counted and paced by the client; the transport must not add its own.
        ("grpc.enable_retries", 0),
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.min_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 2_000),
    ]
