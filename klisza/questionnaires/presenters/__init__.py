"""Pages in words, one file per story (staff_*.py: of staff)."""
