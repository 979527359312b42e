from ekspresi.datasets.block_cache import BlockCache


def test_block_cache_drops_what_was_used_longest_ago():
    loaded = []

    def load(block):
        loaded.append(block)
        return [bytes(1000), bytes(1000)]

    cache = BlockCache(max_bytes=7000)  # two blocks of 3024 bytes
    for block in (1, 2, 1, 3, 1, 2):
        assert len(cache.get(block, load)) == 2
        assert cache.bytes <= 7000
    assert loaded == [1, 2, 3, 2]


def test_block_cache_keeps_one_block_of_any_size():
    cache = BlockCache(max_bytes=10)
    huge = cache.get(0, lambda block: [bytes(5000)])
    assert cache.get(0, lambda block: []) is huge
    cache.get(1, lambda block: [b""])
    assert cache.bytes == 1024


def test_block_cache_bounds_blocks_without_pictures():
    cache = BlockCache(max_bytes=100_000)
    for block in range(1000):
        cache.get(block, lambda block: ["a/path.png"])
    assert cache.bytes <= 100_000
