"""What a person can do wrong or run into."""


class LabError(ValueError):
    """One sentence for people: what was wrong, with the value, and what to do. Shown as it is."""
