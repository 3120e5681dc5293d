"""What `benchmarks/training.py` trains, how, and how it prints what came of it."""
