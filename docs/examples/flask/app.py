"""Flask: the middleware wraps ``app.wsgi_app``, so ``app`` stays a Flask object."""

from flask import Flask, abort, render_template

from whitenoise_async import Assets, WhiteNoise

COLORS = {
    "white": "Every band of equal width has equal power.",
    "pink": "Every octave has equal power: 3 dB less with each.",
    "brown": "Each octave has a quarter of the power of the one below: 6 dB less.",
}

app = Flask(__name__)
assets = Assets(
    app.static_folder,
    app.static_url_path,
    autorefresh=app.debug,  # "flask run --debug" then shows edited files immediately
)
app.wsgi_app = WhiteNoise(app.wsgi_app, assets=assets)  # type: ignore[method-assign]
app.jinja_env.globals["assets"] = assets  # templates write {{ assets.url("style.css") }}


@app.get("/")
def home() -> str:
    return render_template("home.html", colors=COLORS)


@app.get("/<name>")
def color(name: str) -> str:
    if name not in COLORS:
        abort(404)
    return render_template("home.html", colors={name: COLORS[name]})
