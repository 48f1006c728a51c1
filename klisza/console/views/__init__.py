"""Pages of registration desk, clinic, radiology, privacy and integration; on the staff listener only."""
