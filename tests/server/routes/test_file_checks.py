from tests.door import TRAIN, Door, error_of


def test_a_file_that_a_job_would_take_is_told_with_its_first_rows(door: Door):
    found = door.http.get(f"/v1/burnish/files/{door.upload(TRAIN)}/check").json()
    assert (found["rows"], found["error"], len(found["preview"])) == (12, None, 5)


def test_a_broken_row_is_told_with_its_line_and_rule(door: Door):
    file_id = door.upload(TRAIN + b'{"messages": []}\n')
    found = door.http.get(f"/v1/burnish/files/{file_id}/check?role=validation_file").json()
    assert found["rows"] is None
    assert "line 13: 'messages' is empty" in found["error"]


def test_every_broken_row_is_told_and_counted(door: Door):
    file_id = door.upload(b'{"messages": []}\n' + TRAIN + b"[]\n\nno\n")
    found = door.http.get(f"/v1/burnish/files/{file_id}/check").json()
    assert [(each["line"], each["message"].partition(":")[0]) for each in found["errors"]] == [
        (1, "'messages' is empty; it must have at least one message."),
        (14, "a row must be a JSON object, but this is an array."),
        (16, "malformed JSON at column 1"),
    ]
    assert found["broken_rows"] == 3
    long = door.upload(b"[]\n" * 150)
    many = door.http.get(f"/v1/burnish/files/{long}/check").json()
    assert (many["broken_rows"], len(many["errors"])) == (150, 100)


def test_an_unknown_role_and_an_unknown_file_are_refused(door: Door):
    assert error_of(door.http.get("/v1/burnish/files/file-none/check"))[0] == 404
    refused = door.http.get(f"/v1/burnish/files/{door.upload(TRAIN)}/check?role=test_file")
    assert error_of(refused) == (400, "role", "invalid_value")
