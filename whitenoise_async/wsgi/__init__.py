"""The WSGI adapter: translates environs and responses, and moves bytes."""
