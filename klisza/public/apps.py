from django.apps import AppConfig


class PublicConfig(AppConfig):
    name = "klisza.public"
    label = "public"
