"""Flask: the wrapper goes around ``app.wsgi_app``, so that ``app`` stays Flask's."""

from flask import Flask, abort, render_template

from whitenoise_async import WhiteNoise

COLOURS = {
    "white": "Every band of equal width has equal power.",
    "pink": "Every octave has equal power: 3 dB less with each.",
    "brown": "Each octave has a quarter of the power of the one below: 6 dB less.",
}

app = Flask(__name__)
app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
    app.wsgi_app,
    app.static_folder,
    app.static_url_path,
    autorefresh=app.debug,  # while "flask run --debug" runs, an edited file is seen at once
    max_age=0 if app.debug else 60,
)


@app.get("/")
def home() -> str:
    return render_template("home.html", colours=COLOURS)


@app.get("/<name>")
def colour(name: str) -> str:
    if name not in COLOURS:
        abort(404)
    return render_template("home.html", colours={name: COLOURS[name]})
