"""Clips to look at before anything is trained: a page that plays them, a picture, and doubts."""
