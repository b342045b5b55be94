"""Programs that find bodies in pictures, one file each; MediaPipe's is the one that is used."""
