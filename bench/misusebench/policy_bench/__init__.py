"""What is asked of policies beyond a run: it stands beside the truth, outside their processes."""
