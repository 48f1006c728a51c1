from django.apps import AppConfig


class SharingConfig(AppConfig):
    name = "klisza.sharing"
    label = "sharing"

    def ready(self) -> None:
        from klisza.exports.returning import OTHERS

        from .returning import viewer_of

        OTHERS["share"] = viewer_of
