from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "klisza.operations"
    label = "operations"
