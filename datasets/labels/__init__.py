"""Labels beside the files: tables of clips and intervals, and names of files and folders."""
