"""Loaded before Django (pytest -p): the settings of in-process tests."""

from __future__ import annotations

import os
import tempfile

# The last two also for portals and programs of tests, which get databases of their own on that server.
_kept = {"KLISZA_SAMPLES"}
if os.environ.get("KLISZA_TEST_DATABASE") == "1":
    _kept |= {"KLISZA_TEST_DATABASE", "KLISZA_DATABASE_URL"}
for _name in [name for name in os.environ if name.startswith("KLISZA_") and name not in _kept]:
    del os.environ[_name]
os.environ["KLISZA_DATA_DIR"] = tempfile.mkdtemp(prefix="klisza-test-")
os.environ["KLISZA_SUPPORT_EMAIL"] = "pomoc@szpital.example"
os.environ["KLISZA_SUPPORT_PHONE"] = "+48 22 000 00 00"
os.environ["KLISZA_SUPPORT_HOURS"] = "pn.–pt. 7:30–15:00"
os.environ["KLISZA_HOSPITAL_NAME"] = "Szpital Testowy"
os.environ["KLISZA_SECRET_KEY"] = "test-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH"
os.environ["KLISZA_PASSWORD_MEMORY_MB"] = "19"
os.environ["KLISZA_ACCOUNT_POLICY"] = "at-once"
