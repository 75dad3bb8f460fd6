"""The rows: a folder to compress, and its description."""

ADMIN, SCRIPTS = "admin", "scripts"
MANY, HUGE = "many", "huge"

TREES = (ADMIN, SCRIPTS)
NAMES = (*TREES, MANY, HUGE)

#: The large file takes longer than all the others together.
USUAL = (*TREES, MANY)
