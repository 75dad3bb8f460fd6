"""ASGI, faster: files are served in front of Django, not by its middleware."""

import os

from django.core.asgi import get_asgi_application

from whitenoise_async.django import DjangoWhiteNoise

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")

application = DjangoWhiteNoise(get_asgi_application())
