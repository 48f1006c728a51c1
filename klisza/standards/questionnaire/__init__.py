"""FHIR R4 Questionnaire: reading, branching, checking, calculating, answering. Plain Python, no Django.

Answers are a mapping: path -> list of FHIR answers, e.g. {"pain": [{"valueInteger": 3}]}. A path is the item's linkId;
inside repeating groups it is followed by which instance of each it stands in: "child-name@0", "dose@1.0". A repeating
group itself lists its instances: {"children": [{"instance": 0}, {"instance": 2}]}; without it there is one, 0.
"""
