"""Changing a FHIR Questionnaire step by step, for staff who know no FHIR. What nobody touches stays as it is.

A place is the way to an item by numbers from 0, written "2.0.1".
"""
