from django.apps import AppConfig


class SharingConfig(AppConfig):
    name = "klisza.sharing"
    label = "sharing"
