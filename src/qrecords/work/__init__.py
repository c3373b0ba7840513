"""Work under way: who holds it, and how it is known to go on."""
