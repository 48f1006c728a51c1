from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "klisza.documents"
    label = "documents"
