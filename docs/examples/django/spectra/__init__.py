"""An application with static files of its own."""
