"""Pure rules of the office: no file, database, clock or network."""
