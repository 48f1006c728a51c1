from django.apps import AppConfig


class BaseConfig(AppConfig):
    name = "klisza.base"
    label = "base"
