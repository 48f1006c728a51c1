from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    name = "klisza.archive"
    label = "archive"
