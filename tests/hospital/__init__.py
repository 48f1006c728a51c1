"""A hospital seen from the portal: it sends HL7 v2 by MLLP and images by DICOM, and knows nothing of our code."""
