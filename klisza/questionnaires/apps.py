from django.apps import AppConfig


class QuestionnairesConfig(AppConfig):
    name = "klisza.questionnaires"
    label = "questionnaires"
