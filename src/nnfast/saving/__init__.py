"""saving: models as files."""
