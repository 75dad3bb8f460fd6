"""The library of ``{% load whitenoise_async %}``.

Its name is that of the package. Django has one name space for all libraries, and a project may have
a library ``whitenoise`` of its own.
"""

from __future__ import annotations

from django.template import Library

from ..import_maps import import_map

register = Library()
register.simple_tag(import_map)
