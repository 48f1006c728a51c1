from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "klisza.accounts"
    label = "accounts"
