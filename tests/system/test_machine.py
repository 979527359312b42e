import re

from ekspresi.system.machine import cpu_name


def test_the_processor_has_a_name():
    name, _, cores = cpu_name().rpartition(", ")
    assert name
    assert re.fullmatch(r"\d+ logical cores", cores)
