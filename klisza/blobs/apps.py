from django.apps import AppConfig


class BlobsConfig(AppConfig):
    name = "klisza.blobs"
    label = "blobs"
