"""The rows: what is compressed, and what is told of it."""

ADMIN, SCRIPTS = "admin", "scripts"
MANY, HUGE = "many", "huge"

TREES = (ADMIN, SCRIPTS)
NAMES = (*TREES, MANY, HUGE)

#: The large file takes longer than all the others together.
USUAL = (*TREES, MANY)
