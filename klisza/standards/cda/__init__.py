"""HL7 CDA R2, the Polish form of medical documents: what it says, as text and a few plain elements."""
