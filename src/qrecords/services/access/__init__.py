"""Who may do what, controlled copies, and the log (QS/PA758A 5.11.1)."""
