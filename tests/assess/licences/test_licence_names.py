"""What people write as a licence, in SPDX's words; what is none is unknown, never a guess."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from license_expression import Licensing

from bartizan.assess.licences.names import UNKNOWN, class_of, expression, tables
from bartizan.assess.licences.policy import judge, load_policy


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ("MIT", "MIT"),
        ("mit", "MIT"),
        ("Expat", "MIT"),
        ("MIT License", "MIT"),
        ("The MIT License (MIT)", "MIT"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("Apache Software License", "Apache-2.0"),
        ("ASL 2.0", "Apache-2.0"),
        ("BSD 3-Clause License", "BSD-3-Clause"),
        ("BSD-3-clause", "BSD-3-Clause"),
        ("GPL-2+", "GPL-2.0-or-later"),
        ("GPLv2+ and MIT", "GPL-2.0-or-later AND MIT"),
        ("GPL (>= 2)", "GPL-2.0-or-later"),
        ("GPL-2 | GPL-3", "GPL-2.0-only OR GPL-3.0-only"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("GNU Lesser General Public License v3 or later (LGPLv3+)", "LGPL-3.0-or-later"),
        ("GNU General Public License v2 (GPLv2)", "GPL-2.0-only"),
        ("AGPL-3.0", "AGPL-3.0-only"),
        ("GPL-3.0", "GPL-3.0-only"),
        ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
        ("(MIT OR AGPL-3.0-only)", "( MIT OR AGPL-3.0-only )"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
        ("perl_5", "Artistic-1.0-Perl OR GPL-1.0-or-later"),
        ("UNLICENSED", "LicenseRef-proprietary"),
        ("Bitstream-Vera", "Bitstream-Vera"),
        ("LicenseRef-acme", "LicenseRef-acme"),
        ("SEE LICENSE IN LICENSE.md", f"{UNKNOWN}-SEE-LICENSE-IN-LICENSE.md"),
        ("foo bar", f"{UNKNOWN}-foo-bar"),
        ("MIT AND", f"{UNKNOWN}-MIT-AND"),
        ("((((", f"{UNKNOWN}-empty"),
    ],
)
def test_a_declaration_in_the_words_of_spdx(declared: str, told: str) -> None:
    assert expression(declared) == told


def test_every_name_of_the_table_leads_to_a_licence_with_a_class() -> None:
    classes = tables().classes
    for name, target in tables().identifiers.items():
        if target not in tables().linking:
            assert all(part in classes for part in target.split(" OR ")), name


def test_an_exception_for_linking_makes_strong_copyleft_weak() -> None:
    assert class_of("GPL-2.0-only") == "strong-copyleft"
    assert class_of("GPL-2.0-only", "Classpath-exception-2.0") == "weak-copyleft"
    assert class_of("AGPL-3.0-only", "Classpath-exception-2.0") == "network-copyleft"
    assert class_of("Bitstream-Vera") == "unclassified"


@settings(deadline=None)
@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["MIT", "GPLv2+", "and", "OR", "with", "(", ")", "/", "|", ",", "x"]), max_size=8).map(
        " ".join
    )
)
def test_any_declaration_gives_an_expression_that_can_be_judged(declared: str) -> None:
    told = expression(declared)
    assert Licensing().parse(told) is not None
    judge(told, load_policy())
