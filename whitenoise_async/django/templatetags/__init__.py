"""The template tags of the Django integration."""
