"""What the environment says of the way to a server: proxies and certificates.

Whatever is wrong with them is one line that names the variable, never its value: proxies have
passwords.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from spm_tui.engine.remote.addresses import is_loopback
from spm_tui.errors import ModelError, reason

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def proxied(url: str) -> bool:
    """Return whether a proxy of the environment may be on the way to an address.

    Looked at before the HTTP client does, which wants even those proxies usable that are for other
    addresses.
    """
    return bool(_on_the_way(url))


def _on_the_way(url: str) -> list[str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return []
    proxies = getproxies()
    return [proxies[scheme] for scheme in (parts.scheme, "all") if proxies.get(scheme)]


@contextmanager
def usable_environment(url: str) -> Iterator[None]:
    """Say in one line what keeps the HTTP client from being made.

    Raises:
        ModelError: a proxy or the certificates that the environment names cannot be used.

    """
    proxies = ", ".join(name for name in os.environ if name.lower() in _PROXIES)
    try:
        for proxy in _on_the_way(url):
            _ = urlsplit(proxy if "://" in proxy else f"http://{proxy}").port
        yield
    except ImportError as error:
        raise ModelError(
            f"{url}: the proxy in {proxies} speaks SOCKS, for which a package is missing: pip"
            " install 'httpx2[socks]', or name the server in NO_PROXY"
        ) from error
    except (ValueError, httpx2.InvalidURL) as error:
        raise ModelError(
            f"{url}: the proxy in {proxies} has no usable address, which is like http://host:3128"
            " or socks5://host:1080"
        ) from error
    except OSError as error:
        names = " or ".join(name for name in _CERTIFICATES if os.environ.get(name))
        raise ModelError(f"{url}: certificates ({names}): {reason(error)}") from error


def unreached(problem: str) -> str:
    """Return why a server cannot be reached, with what would help where that is known."""
    if "CERTIFICATE_VERIFY_FAILED" in problem:
        return f"{problem}; SSL_CERT_FILE names a file with certificates to be trusted"
    if "WRONG_VERSION_NUMBER" in problem or "RECORD_LAYER_FAILURE" in problem:
        return f"{problem}; it may speak plain http"
    return problem
