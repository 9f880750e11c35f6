from burnish.arrive.report import Report, grouped


def test_of_what_the_same_is_said_is_said_once():
    report = Report()
    for name in ("file-a", "file-b"):
        report.miss("files", name, f"/files/{name}/content answered 400: Not allowed.")
    report.miss("jobs", "file-a", "Gone.")
    assert grouped(report.missing) == {
        ("files", "/files/…/content answered 400: Not allowed."): ["file-a", "file-b"],
        ("jobs", "Gone."): ["file-a"],
    }


def test_all_of_it_is_json():
    report = Report()
    report.came.update(files=2)
    report.were_here["evals"] += 1
    report.note("evals", "eval_a", "It is odd.")
    told = report.json("http://there/v1")
    assert (told["source"], told["came"]["files"], told["were_here"]["evals"]) == ("http://there/v1", 2, 1)
    assert told["notes"] == [{"kind": "evals", "id": "eval_a", "reason": "It is odd."}]
