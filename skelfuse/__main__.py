"""`python -m skelfuse` is the same as `skelfuse`."""

from skelfuse.cli import main

main(prog_name="skelfuse")
