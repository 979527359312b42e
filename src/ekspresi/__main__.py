"""``python -m ekspresi``: the command line."""

from ekspresi.cli import main

main()
