"""Which URL maps to which file. No HTTP."""
