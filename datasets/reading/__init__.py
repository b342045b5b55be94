"""What the readers share: opening files safely, finding the body, telling people apart."""
