"""Check the record of versions and devices."""

import jax

from jgen.experiment.provenance import provenance


def test_versions_devices_and_the_command_are_recorded():
    facts = provenance(["--components", "4"])
    assert facts["versions"]["jax"] == jax.__version__
    assert facts["device"]["count"] == jax.device_count()
    assert facts["command"].endswith(" --components 4")
    assert not facts["command"].startswith("python /")
