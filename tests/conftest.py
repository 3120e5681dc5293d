"""Settings of all tests: no test measures time, and so properties have no deadline."""

from hypothesis import settings

settings.register_profile("spanport", deadline=None)
settings.load_profile("spanport")
