"""FHIR R4: the two ways of writing a resource."""
