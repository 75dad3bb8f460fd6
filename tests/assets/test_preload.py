"""Values of the Link header, by media type and origin."""

from __future__ import annotations

import pytest

from whitenoise_async.assets.preload import link_value

SRI = "sha384-a/b+c="
URL = "/static/%C3%BC.0f.x"
INTEGRITY = f'; integrity="{SRI}"'


@pytest.mark.parametrize(
    ("media_type", "same_origin", "cross_origin"),
    [
        (
            'text/css; charset="utf-8"',
            f'rel=preload; as=style; type="text/css"{INTEGRITY}',
            f'rel=preload; as=style; type="text/css"{INTEGRITY}; crossorigin',
        ),
        *(
            (media_type, value, value)
            for media_type, value in [
                (
                    "text/javascript; charset=utf-8",
                    f'rel=preload; as=script; type="text/javascript"{INTEGRITY}; crossorigin',
                ),
                (
                    "Application/JavaScript ; a=b",
                    'rel=preload; as=script; type="application/javascript"'
                    f"{INTEGRITY}; crossorigin",
                ),
                ("font/woff2", 'rel=preload; as=font; type="font/woff2"; crossorigin'),
                (
                    "application/vnd.ms-fontobject",
                    'rel=preload; as=font; type="application/vnd.ms-fontobject"; crossorigin',
                ),
                ("application/json", 'rel=preload; as=fetch; type="application/json"; crossorigin'),
                ("application/wasm", 'rel=preload; as=fetch; type="application/wasm"; crossorigin'),
                ("image/svg+xml", 'rel=preload; as=image; type="image/svg+xml"'),
                ("text/vtt", 'rel=preload; as=track; type="text/vtt"; crossorigin'),
                ("audio/ogg", 'rel=preload; as=audio; type="audio/ogg"'),
                ("video/mp4", 'rel=preload; as=video; type="video/mp4"'),
            ]
        ),
    ],
)
def test_a_value_has_what_browsers_need_to_reuse_the_file(
    media_type: str, same_origin: str, cross_origin: str
) -> None:
    for is_cross_origin, expected in ((False, same_origin), (True, cross_origin)):
        value = link_value(URL, media_type, SRI, is_cross_origin=is_cross_origin)
        assert value == f"<{URL}>; {expected}"


def test_a_nonce_lets_the_preload_through_a_policy_that_demands_one() -> None:
    value = link_value("/a.js", "text/javascript", SRI, "abc", is_cross_origin=False)
    assert value == link_value("/a.js", "text/javascript", SRI, is_cross_origin=False) + (
        '; nonce="abc"'
    )
