"""Settings: one file per topic, read once; a wrong value stops the start and names the variable."""

from .django import *
from .place import *
from .hospital import *
from .login import *
from .dicom import *
from .hl7 import *
from .oidc import *
from .exports import *
from .sharing import *
from .questionnaires import *
from .uploads import *
from .environment import env

env.refuse_unknown()
