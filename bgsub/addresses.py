"""Addresses of streams, and how they are shown: without what is secret in them."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["is_address", "without_secrets"]


def is_address(text: str) -> bool:
    """Tell whether `text` is the address of a stream and not a file.

    Examples
    --------
    >>> is_address("rtsp://camera/live"), is_address("yard.mp4")
    (True, False)
    """
    scheme, separator, _ = text.partition("://")
    return bool(separator) and scheme.isalnum() and len(scheme) > 1


def without_secrets(text: str) -> str:
    """Return an address without user, password and query, anything else as it is.

    Some cameras take the password in the query, under whatever name.

    Examples
    --------
    >>> without_secrets("rtsp://admin:secret@10.0.0.7:554/live?user=admin&password=secret")
    'rtsp://10.0.0.7:554/live'
    """
    if not is_address(text):
        return text
    scheme, _, rest = text.partition("://")
    try:
        parts = urlsplit(text)
        host, path = parts.netloc.rpartition("@")[2], parts.path
    except ValueError:
        return f"{scheme}://..."
    if "@" in path or "@" in parts.query or "@" in parts.fragment:
        # A password with a raw slash, question mark or hash ends the host too early.
        return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
    return f"{scheme}://{host}{path}"
