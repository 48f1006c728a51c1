from django.apps import AppConfig


class PatientsConfig(AppConfig):
    name = "klisza.patients"
    label = "patients"
