"""Which files there are, from which address."""

from bartizan.exchange.feeds.sources import mirrored, official, read_ecosystems, read_sums


def test_official_addresses_quote_names_with_spaces() -> None:
    first = official(["Red Hat"])[0]
    assert first.path == "osv/Red Hat/all.zip"
    assert first.address.endswith("/Red%20Hat/all.zip")


def test_a_mirror_has_everything_below_one_address() -> None:
    assert {each.address.partition("/feeds/")[0] for each in mirrored("https://m.example/feeds/", ["npm"])} == {
        "https://m.example"
    }


def test_only_ecosystems_that_can_be_judged_are_taken_from_the_list() -> None:
    assert read_ecosystems("npm\nDebian:12\n../../etc\nDebian\n\n", {"npm", "Debian"}) == ["Debian", "npm"]


def test_checksum_lines_of_sha256sum_are_read_and_others_left_out() -> None:
    digest = "a" * 64
    text = f"{digest}  osv/npm/all.zip\n{digest} *kev/k.json\n{digest}  README.md\nnonsense\n{digest}  cve/../x\n"
    assert [(each.path, each.digest) for each in read_sums(text, "https://m.example")] == [
        ("osv/npm/all.zip", digest),
        ("kev/k.json", digest),
    ]
