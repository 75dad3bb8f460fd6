"""Forms of references in style sheets, and what a browser loads for each."""

from __future__ import annotations

from typing import NamedTuple


class Form(NamedTuple):
    """A style sheet for a page whose only element is ``<i class="x">``."""

    text: str
    urls: list[str]  # the relative URLs that are found, in order
    loaded: list[str] | None = None  # what Chromium loads, if that differs

    @property
    def loads(self) -> list[str]:
        return self.urls if self.loaded is None else self.loaded


_IMAGES = ".x{background-image:image-set(%s)}"
_FONT = "@font-face{font-family:f;src:%s} .x{font-family:f}"

FORMS = [
    # Functions and strings
    Form(".x{background:url(a.png)}", ["a.png"]),
    Form(".x{background:URL(a.png)}", ["a.png"]),
    Form(".x{background:url(  'a b.png'  )}", ["a b.png"]),
    Form('.x{background:url(\t"a.png"\n)}', ["a.png"]),
    Form(".x{background:url(\r\n\fa.png\r)}", ["a.png"]),
    Form(".x{background:url(a.png),url('b.png') , url(\"c.png\")}", ["a.png", "b.png", "c.png"]),
    Form(".x{background:url (a.png)}", []),
    Form(".x{background:xurl(a.png)}", []),
    Form(".x{background:'a.png'}", []),
    Form(".x{background:url()} .y{background:url('')}", []),
    Form(".x{content:'url(a.png)'}", []),
    Form(".x::before{content:url(a.png)}", ["a.png"]),
    Form(".x{background:src('a.png')}", ["a.png"], loaded=[]),  # no browser has src() yet
    Form(".x{background:src(a.png)}", []),
    # Escapes and other characters
    Form(r".x{background:url(a\ b.png)}", ["a b.png"]),
    Form(r".x{background:url(a\).png)}", ["a).png"]),
    Form(r".x{background:url('a\'.png')}", ["a'.png"]),
    Form(".x{background:url('a\\\n.png')}", ["a.png"]),
    Form(".x{background:url('a\\\r\n.png')}", ["a.png"]),
    Form(r".x{background:url(a\26 b.png)}", ["a&b.png"]),
    Form(r".x{background:url(a\0000e9b.png)}", ["aéb.png"]),
    Form(r".x{background:\75 rl(a.png)}", ["a.png"]),
    Form(r".x{background:\u\r\l(a.png)}", ["a.png"]),
    Form(r".x{background:u\052 l(a.png)}", ["a.png"]),
    Form(r".x{background:url(a\\b.png)}", [], loaded=["a/b.png"]),
    Form(".x{background:url(é😀.png)}", ["é😀.png"]),
    Form(".x{background:url(a%20b%25.png)}", ["a%20b%25.png"]),
    Form(".x{background:url(a\0b.png)}", ["a�b.png"]),
    # Other parts of a URL
    Form(".x{background:url(../img/./a.png?v=1#x)}", ["../img/./a.png?v=1#x"]),
    Form(".x{background:url(a.png?)}", ["a.png?"]),
    Form(".x{background:url(' \ta.png\t ')}", [" \ta.png\t "]),
    Form(".x{filter:url(#a) url('#b')}", []),
    Form(".x{background:url(data:image/png;base64,;{},a.png)}", []),
    Form(".x{background:url('data:image/svg+xml,<svg xmlns=\"a\"/>}')}", []),
    Form('.x{background:url(DATA:a)} .y{background:url( "dAta:\'" )}', []),
    Form(".x{background:url(/a.png)}", [], loaded=["/a.png"]),
    Form(".x{background:url(http://127.0.0.1:9/a.png),url(//127.0.0.1:9/b.png)}", []),
    Form(".x{background:url(about:blank)}", []),
    # Comments
    Form("/* .x{background:url(a.png)} */", []),
    Form("/* ' */.x{background:url(a.png)}/* ' */", ["a.png"]),
    Form(".x/* { */{/*}*/background/**/:/*;*/url(a.png)/*}*/}", ["a.png"]),
    Form(".x{background:url(/*a*/b.png)}", [], loaded=["/*a*/b.png"]),
    Form("/*# sourceMappingURL=site.css.map */", []),
    Form(".x{background:url(a.png)}/*", ["a.png"]),
    Form(".x{background:url(a.png)/**/}/*/ .x{background:url(b.png)}", ["a.png"]),
    # Errors
    Form(".x{background:url(a b.png)} .x{background:url(c.png)}", ["c.png"]),
    Form(".x{background:url(a'b.png)} .x{background:url(c.png)}", ["c.png"]),
    Form(".x{background:url(a.png", ["a.png"]),
    Form(".x{background:url('a.png", ["a.png"]),
    Form(".x{background:url('a.png\\", ["a.png"]),
    Form(".x{background:url(a.png) ", ["a.png"]),
    Form(".x{content:'a;\n;background:url(b.png)}", ["b.png"]),
    Form(".x{color:'} \n .x{background:url(a.png)}", ["a.png"], loaded=[]),
    Form("} .x{background:url(a.png)}", ["a.png"], loaded=[]),
    Form("}} ; .y{} .x{background:url(a.png)}", ["a.png"]),
    Form("<!-- .x{background:url(a.png)} -->", ["a.png"]),
    # image-set()
    Form(_IMAGES % "'a.png' 1x", ["a.png"]),
    Form(_IMAGES % "'a.png' type('image/png'),'b.png' 9x", ["a.png", "b.png"], loaded=["a.png"]),
    Form(_IMAGES % "url(b.png) 1x type('image/png')", ["b.png"]),
    Form(_IMAGES % "url('b.png') 1x", ["b.png"]),
    Form(".x{background-image:-webkit-image-set(url(a.png) 1x)}", ["a.png"]),
    Form(".x{background-image:-WebKit-Image-Set('a.png' 1x)}", ["a.png"]),
    Form(r".x{background-image:image\-set('a.png' 1x)}", ["a.png"]),
    # Properties
    Form(".x{cursor:url(a) 1 2,auto;display:list-item;list-style-image:url(b)}", ["a", "b"]),
    Form(".x{display:block;mask-image:url(a.svg);border-image:url(b.png) 1}", ["a.svg", "b.png"]),
    Form(_FONT % "url(a.woff2) format('woff2') tech(variations),url(b)", ["a.woff2", "b"]),
    Form(_FONT % "local('a;b'),url('c.eot?#iefix') format('opentype')", ["c.eot?#iefix"]),
    Form(".x{--a:url(a.png);background:var(--a)}", [], loaded=["a.png"]),
    Form(r".x{\2d-a:url(a.png);background:var(--a)}", [], loaded=["a.png"]),
    Form(".x{--a:1px;background:url(a.png)}", ["a.png"]),
    Form(".x{-a:url(a.png)}", ["a.png"], loaded=[]),
    # Rules
    Form("@import 'a.css';", ["a.css"]),
    Form("@import url(a.css) layer(a) supports(display: grid) screen;", ["a.css"]),
    Form("@import url('a.css')screen;@IMPORT\"b.css\"", ["a.css", "b.css"]),
    Form(r"@\69mport/**/'a.css';", ["a.css"]),
    Form("@charset 'x';@layer y;@import 'a.css'", ["a.css"]),
    Form(".y{}@import 'a.css';", ["a.css"], loaded=[]),
    Form("@import 'a.css' .y{} .x{background:url(b.png)}", ["a.css", "b.png"], loaded=["b.png"]),
    Form("@import 'a.css'", ["a.css"]),
    Form("@import a.css;@import 'b.css'", ["b.css"]),
    Form("@importx 'a.css';", []),
    Form("@namespace a url(b);@namespace b 'c';.x{background:url(d.png)}", ["d.png"]),
    Form("@supports (background:url(a.png)){.x{background:url(b.png)}}", ["b.png"]),
    Form("@supports (background:url('a.png')){}", []),
    Form("@document url(a){.x{background:url(b.png)}}", ["b.png"], loaded=[]),
    Form("@media screen{@layer a{.x{&{background:url(a.png)}}}}", ["a.png"]),
    Form(".x{@media screen{background:url(a);&::after{content:url(b)}}}", ["a", "b"]),
    Form("i[class='x']:not([href='a.css']){background:url(b.png)}", ["b.png"]),
    Form(".y:is(a,.\\}url\\(b\\)),.x{background:url(c.png)}", ["c.png"]),
]
