"""The widgets of notebooks; the rest of the package works without them."""
