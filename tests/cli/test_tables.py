from burnish.cli.tables import moment, show


def test_an_empty_table_says_what_to_do(capsys):
    show(("id",), [], empty="Nothing yet: do this.")
    assert capsys.readouterr().out == "Nothing yet: do this.\n"


def test_rows_stand_under_their_headings(capsys):
    show(("id", "name"), [("1", "one")], empty="")
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [["id", "name"], ["1", "one"]]


def test_a_time_that_is_not_there_is_a_dash():
    assert moment(None) == "-"
    assert len(moment(1_700_000_000)) == len("2023-11-14 22:13:20")
