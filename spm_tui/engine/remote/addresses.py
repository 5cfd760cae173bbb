"""Addresses of servers as people give them: apart from the HTTP client, which is slow to load."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from spm_tui.errors import ModelError


def read_address(url: str) -> tuple[str, str]:
    """Return an address without what people copy along with it, and its host.

    Raises:
        ModelError: it is none, or holds what is secret.

    """
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ModelError(f"{url!r:.80} is not an address: {error}") from error
    if "@" in url or parts.query:
        raise ModelError(f"the address at {host or '…'} must hold no key; use the environment")
    if parts.scheme not in ("http", "https") or not host:
        raise ModelError(f"{url!r:.80} is not an address, which is like http://host:8000/v1")
    clean = parts._replace(fragment="").geturl().rstrip("/")
    return clean.removesuffix("/chat/completions").rstrip("/"), host


def is_loopback(host: str) -> bool:
    """Return whether what is sent to a host stays on this machine, whatever its network is."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def origin(url: str) -> str:
    """Return the part of an address that says who answers: scheme, host and port.

    Raises:
        ModelError: it is no address.

    """
    parts = urlsplit(read_address(url)[0])
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
