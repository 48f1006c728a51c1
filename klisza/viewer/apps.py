from django.apps import AppConfig


class ViewerConfig(AppConfig):
    name = "klisza.viewer"
    label = "viewer"
