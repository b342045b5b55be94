"""What several test files build on: small bodies, models, runs and files."""
