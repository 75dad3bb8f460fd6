"""For ASGI servers: the wrapper goes around Django's handler."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application

from whitenoise_async import ASGIWhiteNoise

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")

application = ASGIWhiteNoise(
    get_asgi_application(),
    settings.STATIC_ROOT,
    settings.STATIC_URL,
    immutable_file_test=r"\.[0-9a-f]{12}\.",
)
