"""Training recipe of the bundled miniatures (extra `train`): `python -m spanport_models.train --help`."""
