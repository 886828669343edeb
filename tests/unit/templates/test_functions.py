"""The table of ESO's functions."""

from __future__ import annotations

import re

from injector.templates import functions
from injector.templates.functions import GO, SPRIG, TAKE_MAPS, TELL_TYPES, Chain, Missing, find_meaning, pem_filter
from injector.templates.lexer import Kind, tokenize
from tests.unit.templates.cases import load_cases

UNTRIED = {
    "buildCustomCert",  # needs a certificate with its key
    "call",  # no function of the two engines yields one that could be called
}


def test_functions_of_go_keep_their_names() -> None:
    assert all(find_meaning(name) == Chain(name) for name in GO)


def test_functions_of_sprig_are_renamed_even_where_the_name_exists_in_vault_agent() -> None:
    assert find_meaning("split") == Chain("sprig_split")
    assert find_meaning("regexReplaceAll") == Chain("sprig_regexReplaceAll")
    assert find_meaning("slice") == Chain("sprig_slice")


def test_no_function_has_two_meanings() -> None:
    tables = [GO, SPRIG, functions._REFUSED.keys(), functions._OWN.keys(), {"filterPEM"}]

    assert sum(len(table) for table in tables) == len(frozenset[str]().union(*tables))


def test_table_holds_every_function_of_sprig_and_of_eso() -> None:
    """181 + 13 repeatable ones of sprig 3.3.0, 15 that are not (without env and expandenv), ESO's own and Go's."""
    assert len(SPRIG) == 181
    assert len(functions._REFUSED) == 13 + 15 + 16
    assert len(functions._OWN) + len({"filterPEM"}) == 3
    assert len(GO) == 18


def test_functions_that_are_random_or_know_the_time_are_refused() -> None:
    for name in (
        "genPrivateKey",
        "randAlphaNum",
        "uuidv4",
        "bcrypt",
        "htpasswd",
        "encryptAES",
        "shuffle",
        "now",
        "ago",
    ):
        assert isinstance(find_meaning(name), Missing), name


def test_what_eso_does_not_have_has_no_meaning() -> None:
    for name in ("env", "expandenv", "secret", "base64Decode", "toYAML", "include", "lookup"):
        assert find_meaning(name) is None, name


def test_every_function_that_is_translated_stands_in_the_table_of_cases() -> None:
    words = {
        token.text
        for case in load_cases()
        for token in tokenize(case.template or "", "{{", "}}")
        if token.kind is Kind.WORD
    }

    assert (SPRIG | GO | functions._OWN.keys() | {"filterPEM"}) - words == UNTRIED


def test_functions_of_maps_and_types_are_functions_of_sprig() -> None:
    assert TAKE_MAPS | TELL_TYPES <= SPRIG


def test_pem_type_is_written_into_the_pattern() -> None:
    meaning = pem_filter("PRIVATE KEY")

    assert meaning is not None
    assert "-----BEGIN PRIVATE KEY-----" in meaning.head
    assert all(re.match(r"regexReplaceAll ", part) for part in (meaning.head, *meaning.tail))


def test_pem_type_that_is_a_pattern_is_refused() -> None:
    assert pem_filter(".*") is None
    assert pem_filter("") is None
