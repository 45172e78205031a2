"""Second opinions: other people's dissectors behind the same tables, chosen with ``--engine``."""
