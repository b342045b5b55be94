"""`python -m skelfuse.cli` is the same as `skelfuse`."""

from skelfuse.cli import main

main(prog_name="skelfuse")
