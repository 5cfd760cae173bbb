"""The API key: where it may go, and that it is not in what comes back.

Apart from the HTTP client, which is slow to load.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from spm_tui.engine.remote import echoes
from spm_tui.engine.remote.addresses import is_loopback, read_address
from spm_tui.errors import ModelError

_CLEARED = "[key]"
_SECRET, _SURELY_SECRET = 8, 16
"""Characters from which a key is no word that a model may say: with others than letters; of any."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key for servers."""

    text: str = field(repr=False)
    unencrypted: bool = False
    """Whether it may also go to other machines over plain HTTP."""

    def require_safe(self, url: str) -> None:
        """See that the key may go to an address.

        Raises:
            ModelError: everybody on the way could read it, or the address is none.

        """
        address, host = read_address(url)
        if not (self.unencrypted or address.startswith("https:") or is_loopback(host)):
            raise ModelError(
                f"{address}: the API key would travel unencrypted; use https, or --insecure-key"
                " where everybody on the way may read it (insecure-key = true in config.toml)"
            )

    def headers(self, url: str) -> dict[str, str]:
        """Return the headers that show the key to the server at an address.

        Raises:
            ModelError: it may not go there, or is no key.

        """
        self.require_safe(url)
        if not (self.text.isascii() and self.text.isprintable()):
            raise ModelError("the API key holds characters that no key has")
        return {"Authorization": f"Bearer {self.text}"}

    @property
    def may_be_word(self) -> bool:
        """Whether a model may say it by chance, so that it is left in answers."""
        return len(self.text) < (_SURELY_SECRET if self.text.isalpha() else _SECRET)

    def cleared(self, text: str) -> str:
        """Return a text without the key, in whichever way of writing it is there."""
        return echoes.without(text, self.text, sign=_CLEARED)


def read_key(environ: Mapping[str, str], name: str, *, unencrypted: bool) -> Key | None:
    """Return the key in a variable of the environment; None where it has none."""
    text = environ.get(name, "").strip()
    return Key(text, unencrypted) if text else None
