"""Settings: one file per topic, read once; a wrong value stops the start and names the variable."""

from .django import *  # noqa: F403
from .environment import env
from . import dicom as _dicom, hospital as _hospital, login as _login, place as _place  # noqa: I001

for _topic in (_place, _hospital, _login, _dicom):
    globals().update({name: value for name, value in vars(_topic).items() if name.isupper()})
TIME_ZONE = _hospital.TIME_ZONE
env.refuse_unknown()
