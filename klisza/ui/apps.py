from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "klisza.ui"
    label = "ui"
