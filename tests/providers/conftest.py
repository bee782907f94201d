"""These tests run where a provider's package is installed: `make test-providers` sets that up."""

from tests.providers.makers import INSTALLED

collect_ignore = [] if INSTALLED else ["test_simulators.py"]
