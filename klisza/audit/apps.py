from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "klisza.audit"
    label = "audit"
