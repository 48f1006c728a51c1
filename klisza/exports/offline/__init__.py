"""The viewer that travels inside the ZIP and opens from file://; `members` is what the export calls."""
