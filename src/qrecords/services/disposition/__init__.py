"""What is kept how long, and how several people destroy it (QS/PA758A clause 7; DA/T 42-2009 7.7)."""
