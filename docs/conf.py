"""Sphinx's configuration; it needs no network."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from django.conf import settings

from whitenoise_async import __version__

settings.configure()  # which what is for Django reads where its modules are imported

project = "whitenoise_async"
author = "The whitenoise_async authors"
project_copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "examples"]

html_theme = "furo"
html_title = f"whitenoise_async {release}"
html_copy_source = False

# Headings down to the third level can be linked to, as ``page.md#heading``.
myst_heading_anchors = 3

autoclass_content = "both"
autodoc_member_order = "bysource"
