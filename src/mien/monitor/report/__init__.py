"""One page about a person and a time, in plain words, for family or clinician."""
