"""What the specifications demand of an identity provider."""

from . import answers, requests, bindings, single_logout, metadata, ws_federation  # noqa: F401
