"""Configuration of Sphinx. A build needs no network."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from django.conf import settings

from whitenoise_async import __version__

settings.configure()  # the Django integration reads settings when it is imported

project = "whitenoise_async"
author = "The whitenoise_async authors"
project_copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_build", "examples"]

html_theme = "furo"
pygments_dark_style = "github-dark"  # furo's default underlines modules, like links
html_title = f"whitenoise_async {release}"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

# Copy what a reader would type: no prompts, and no output of an interactive session.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
# Output has no button.
copybutton_selector = ":not(.highlight-text) > div.highlight > pre"

# Headings down to the third level can be linked to, as ``page.md#heading``.
myst_heading_anchors = 3

autoclass_content = "both"
autodoc_member_order = "bysource"
