"""How records come in: forms, sheets, lists, filling, past paper (QS/PA758A 5.1.2.2, 5.5.5)."""
