"""What experiments share: data sets, runs that are made once, their rows, and tables of those."""
