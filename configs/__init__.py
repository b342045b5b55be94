"""The experiments that skelfuse ships, one short YAML each."""
