"""The ASGI adapter: translates scopes and messages, and moves bytes."""
