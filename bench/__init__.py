"""Speed beside Orthanc and nginx on the same machine in the same run; `make bench`."""
