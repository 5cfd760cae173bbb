"""The app: scenarios of a run against a target."""

from textual.app import App

from store.connection import Store


class SpmApp(App[None]):
    """The terminal app over one store."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
