from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "klisza.exports"
    label = "exports"
