"""HL7 v2.3-2.8: bytes to dataclasses and back. Plain Python: no Django, no sockets, no database."""
