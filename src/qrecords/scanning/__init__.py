"""Pictures of paper: pages out of scanned files, the codes printed on them, their text; bytes in, values out."""
