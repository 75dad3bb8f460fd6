"""For WSGI servers: the wrapper goes around Django's handler."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from whitenoise_async import WhiteNoise

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")

application = WhiteNoise(
    get_wsgi_application(),
    settings.STATIC_ROOT,
    settings.STATIC_URL,
    immutable_file_test=r"\.[0-9a-f]{12}\.",
)
