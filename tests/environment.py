"""Loaded before Django (pytest -p): the settings of in-process tests."""

from __future__ import annotations

import os
import tempfile

# Asked before it is removed with the others: a portal does not know it and would refuse to start.
_keeps_database = os.environ.get("KLISZA_TEST_DATABASE") == "1"
for _name in [name for name in os.environ if name.startswith("KLISZA_") and name != "KLISZA_SAMPLES"]:
    if not (_name == "KLISZA_DATABASE_URL" and _keeps_database):
        del os.environ[_name]
os.environ["KLISZA_DATA_DIR"] = tempfile.mkdtemp(prefix="klisza-test-")
os.environ["KLISZA_SUPPORT_EMAIL"] = "pomoc@szpital.example"
os.environ["KLISZA_SUPPORT_PHONE"] = "+48 22 000 00 00"
os.environ["KLISZA_SUPPORT_HOURS"] = "pn.–pt. 7:30–15:00"
os.environ["KLISZA_HOSPITAL_NAME"] = "Szpital Testowy"
os.environ["KLISZA_SECRET_KEY"] = "test-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH"
os.environ["KLISZA_PASSWORD_MEMORY_MB"] = "19"
os.environ["KLISZA_ACCOUNT_POLICY"] = "at-once"
