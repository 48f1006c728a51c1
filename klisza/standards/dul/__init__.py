"""The DICOM upper layer (PS3.8) and its messages (PS3.7) as values and tables; no socket, no thread, no Django."""
