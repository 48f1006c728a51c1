from django.apps import AppConfig


class ExaminationsConfig(AppConfig):
    name = "klisza.examinations"
    label = "examinations"
