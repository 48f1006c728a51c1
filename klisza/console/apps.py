from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "klisza.console"
    label = "console"
