"""HTML that template engines insert unchanged, with escaped attributes."""

from __future__ import annotations

import pytest
from django.template import Context, Engine
from django.utils.html import conditional_escape, format_html
from jinja2 import Environment
from markupsafe import escape

from whitenoise_async.assets.markup import Markup, element

HTML = '<b title="a">&amp;</b>'


@pytest.mark.parametrize("is_escaping", [True, False])
def test_template_engines_insert_markup_unchanged(is_escaping: bool) -> None:
    django = Engine().from_string("{{ html }}{{ text }}")
    jinja = Environment(autoescape=is_escaping).from_string("{{ html }}{{ text }}")
    values = {"html": Markup(HTML), "text": "<"}
    expected = HTML + ("&lt;" if is_escaping else "<")
    assert django.render(Context(values, autoescape=is_escaping)) == expected
    assert jinja.render(values) == expected


def test_functions_that_escape_leave_markup_unchanged() -> None:
    markup = Markup(HTML)
    assert escape(markup) == HTML
    assert conditional_escape(markup) == HTML
    assert format_html("<p>{}</p>", markup) == f"<p>{HTML}</p>"
    assert Environment(autoescape=True).from_string("{{ a ~ b }}").render(a=markup, b="<") == (
        f"{HTML}&lt;"
    )


def test_markup_remains_markup_when_an_engine_converts_it_to_a_string() -> None:
    markup = Markup(HTML)
    assert isinstance(str(markup), Markup)
    assert isinstance(f"{markup}", str)
    assert escape(str(markup)) == HTML


def test_text_that_is_added_to_markup_makes_it_text_again() -> None:
    joined = Markup("<b>") + "<i>"
    assert escape(joined) == "&lt;b&gt;&lt;i&gt;"


def test_attributes_are_escaped_and_keep_their_order() -> None:
    made = element("link", rel="preload", href="/a?b=1&c='2'\"<>")
    assert made == '<link rel="preload" href="/a?b=1&amp;c=&#x27;2&#x27;&quot;&lt;&gt;">'
    assert isinstance(made, Markup)


def test_an_attribute_without_a_value_is_left_out() -> None:
    assert element("link", href="/a", nonce=None) == '<link href="/a">'
    assert element("link", href="/a", nonce="") == '<link href="/a" nonce="">'


def test_content_is_inserted_unchanged_before_the_end_tag() -> None:
    assert element("script", "a<b", type="module") == '<script type="module">a<b</script>'
    assert element("script", "", src="/a.js") == '<script src="/a.js"></script>'


def test_an_attribute_may_be_called_name_or_content() -> None:
    assert element("meta", name="a", content="b") == '<meta name="a" content="b">'
