"""For ASGI servers, faster: files are served around Django, and not by one of its middlewares."""

import os

from django.core.asgi import get_asgi_application

from whitenoise_async.django import DjangoWhiteNoise

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")

application = DjangoWhiteNoise(get_asgi_application())
