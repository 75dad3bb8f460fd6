"""The only page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

SLOPES = {"white": 0, "pink": -3, "brown": -6}


def home(request: HttpRequest) -> HttpResponse:
    """Show the colors, each with its slope in decibels per octave."""
    return render(request, "spectra/home.html", {"slopes": SLOPES})
