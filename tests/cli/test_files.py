import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("server")]


def test_a_file_goes_up_is_listed_and_goes_away(burnish, tmp_path):
    path = tmp_path / "notes.jsonl"
    path.write_text('{"messages": []}\n')
    uploaded = burnish("files", "upload", str(path))
    assert uploaded.exit_code == 0, uploaded.output
    file_id = uploaded.stdout.strip().splitlines()[-1]
    listed = burnish("files", "list").stdout
    assert file_id in listed
    assert "notes.jsonl" in listed
    assert burnish("files", "delete", file_id).exit_code == 0
    assert file_id not in burnish("files", "list").stdout


def test_an_unknown_file_is_told_in_a_line(burnish):
    gone = burnish("files", "delete", "file-nothing")
    assert gone.exit_code != 0
    assert "file-nothing" in str(gone.exception)
