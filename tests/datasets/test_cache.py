import numpy as np

from ekspresi.datasets import cache
from ekspresi.datasets.cache import duplicates_between
from ekspresi.datasets.registry import read
from ekspresi.system.downloads import cache_folder
from tests.support.fake_faces import write_ferplus


def counting(monkeypatch):
    calls = []
    real = cache.find_duplicates

    def find(queries, references):
        calls.append(len(queries))
        return real(queries, references)

    monkeypatch.setattr(cache, "find_duplicates", find)
    return calls


def sides():
    return np.array([6, 7]), np.array([0, 1, 6])


def test_the_second_search_is_read_back(tmp_path, monkeypatch):
    calls = counting(monkeypatch)
    dataset = read(f"ferplus:{write_ferplus(tmp_path, 'folders')}")
    first, second = (duplicates_between(dataset, *sides()) for _ in range(2))
    assert calls == [2]
    assert first.kinds.tolist() == ["exact", "exact"] == second.kinds.tolist()
    assert second.references.tolist() == [2, 2]
    duplicates_between(dataset, sides()[1], sides()[0])
    assert calls == [2, 3]
    assert [path.suffix for path in cache_folder().iterdir()] == [".npz", ".npz"]


def test_other_pixels_are_searched_anew(tmp_path, monkeypatch):
    from tests.support.fake_faces import texture

    calls = counting(monkeypatch)
    one = read(f"ferplus:{write_ferplus(tmp_path / 'a', 'folders')}")
    two = read(f"ferplus:{write_ferplus(tmp_path / 'b', 'folders', lambda seed: texture(seed + 1))}")
    duplicates_between(one, *sides())
    duplicates_between(two, *sides())
    assert len(calls) == 2


def test_a_damaged_memory_is_made_anew(tmp_path, monkeypatch):
    calls = counting(monkeypatch)
    dataset = read(f"ferplus:{write_ferplus(tmp_path, 'folders')}")
    duplicates_between(dataset, *sides())
    for file in cache_folder().iterdir():
        file.write_bytes(file.read_bytes()[:50])
    assert len(duplicates_between(dataset, *sides())) == 2
    assert len(calls) == 2


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    dataset = read(f"ferplus:{write_ferplus(tmp_path, 'folders')}")
    assert len(duplicates_between(dataset, *sides())) == 2
