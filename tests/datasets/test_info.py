from dataclasses import replace

import pytest

from ekspresi.datasets.registry import find_info


def test_family_is_the_name_unless_given():
    assert replace(find_info("folder"), name="other", family="").family == "other"
    assert find_info("ferplus").family == "fer2013"


def test_leaks_says_what_is_on_both_sides():
    found = {name: find_info(name).leaks for name in ("caers", "ferplus", "sfew", "rafdb", "kdef")}
    assert found == {"caers": "subjects", "ferplus": "pictures", "sfew": "nothing", "rafdb": "unknown", "kdef": "-"}


def test_leaking_split_must_name_what_to_quote():
    with pytest.raises(ValueError, match=r"^folder: its split leaks"):
        replace(find_info("folder"), split_leaks_subjects=True)
