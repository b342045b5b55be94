"""What is done to a clip before a model sees it, and after a reader has read it: NumPy alone."""
