"""HTML as a string that template engines insert without escaping it."""

from __future__ import annotations

from html import escape


class Markup(str):
    """HTML that needs no escaping.

    Template engines recognize the method ``__html__``: Jinja2 and Mako through MarkupSafe, Django
    through ``conditional_escape``, Chameleon and Genshi on their own.
    """

    __slots__ = ()

    def __html__(self) -> str:
        """Return the HTML, as template engines expect."""
        return self

    # Some engines convert a value to a string before they look for __html__: Mako by default, and
    # Django for values that are not strings.
    def __str__(self) -> str:
        return self


def element(name: str, content: str | None = None, /, **attributes: str | None) -> Markup:
    """Write an HTML element.

    :param name: the name of the element.
    :param content: HTML that is inserted unchanged. ``None`` for a void element, which has neither
        content nor an end tag, such as ``link``.
    :param attributes: values by name, in this order. The values are escaped. An attribute whose
        value is ``None`` is left out.
    """
    written = "".join(
        f' {key}="{escape(value)}"' for key, value in attributes.items() if value is not None
    )
    start = f"<{name}{written}>"
    return Markup(start if content is None else f"{start}{content}</{name}>")
