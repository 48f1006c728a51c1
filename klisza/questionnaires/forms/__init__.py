"""Forms of the patient and of staff, one file per story (staff_*.py: of staff)."""
