from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "klisza.notifications"
    label = "notifications"
