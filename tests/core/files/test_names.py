from listkeep.core.files.names import column_key, field_stem


def test_a_name_is_reduced_to_letters_and_digits() -> None:
    assert field_stem(" Straße, Nr. 5 ") == "strasse_nr_5"
    assert column_key("E-Mail Address") == "emailaddress"


def test_a_name_without_any_stays_what_it_is() -> None:
    assert field_stem("名前") == ""
    assert column_key(" 名前 ") == "名前"
