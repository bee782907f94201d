"""Property tests look at what is computed, never at how long it takes on this machine."""

from hypothesis import HealthCheck, settings

settings.register_profile("qjm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("qjm")
