"""Web pages put together so that no text can become markup by accident."""

from __future__ import annotations

import base64
import html

__all__ = ["Html", "embedded_png", "page", "tag"]

_VOID = frozenset({"br", "hr", "img", "meta"})

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; margin: 2rem auto; padding: 0 1rem;
       max-width: 70rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
p.note { color: #666; margin-top: 0; }
img { display: block; max-width: 100%; height: auto; margin-top: 1.6rem; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #e2e2e2; text-align: right;
         white-space: nowrap; }
th { border-bottom: 2px solid #bbb; font-weight: 600; white-space: normal;
     vertical-align: bottom; }
th.text, td.text { text-align: left; } td.best { font-weight: 700; background: #eef6ee; }
tbody tr:hover { background: #f5f8fb; }
"""


class Html(str):
    """Text that is markup already; all other text is escaped."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str) -> Html:
    """Return an element.

    Parameters
    ----------
    name : str
        The element's name.
    *children : str
        What it holds: :class:`Html` as it is, text escaped.
    **attributes : str
        Its attributes, escaped; a trailing underscore is dropped (``class_``).
    """
    inside = "".join(c if isinstance(c, Html) else html.escape(c) for c in children)
    words = "".join(
        f' {key.rstrip("_")}="{html.escape(value)}"' for key, value in attributes.items()
    )
    if name in _VOID:
        return Html(f"<{name}{words}>")
    return Html(f"<{name}{words}>{inside}</{name}>\n")


def embedded_png(data: bytes, alt: str) -> Html:
    """Return a PNG file as an image within the page."""
    source = "data:image/png;base64," + base64.b64encode(data).decode("ascii")
    return tag("img", src=source, alt=alt)


def page(title: str, *body: Html) -> str:
    """Return a whole page that needs no other file."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Html(_STYLE)),
    )
    return "<!DOCTYPE html>\n" + tag("html", head, tag("body", *body), lang="en")
