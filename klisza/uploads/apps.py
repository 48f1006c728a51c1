from django.apps import AppConfig


class UploadsConfig(AppConfig):
    name = "klisza.uploads"
    label = "uploads"
