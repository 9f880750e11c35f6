import ast

from burnish.dashboard.eval_recipe import new_eval, new_run
from burnish.spec.evaluation import EvalRequest

URL = "http://127.0.0.1:8787/v1"


def _arguments(script: str, called: str) -> dict[str, object]:
    calls = [node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Call)]
    call = next(node for node in calls if ast.unparse(node.func) == called)
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    return {name: ast.literal_eval(value) for name, value in given.items() if name != "data_source"}


def test_the_server_takes_the_eval_that_the_script_makes():
    made = EvalRequest.model_validate(_arguments(new_eval(URL), "client.evals.create"))
    assert (made.name, len(made.testing_criteria)) == ("verdicts", 1)


def test_a_run_is_written_out_as_it_was_asked_for():
    source = {"type": "completions", "model": "tiny's", "source": {"type": "file_id", "id": "file-1"}}
    script = new_run("eval_1", {"data_source": source}, URL)
    ast.parse(script)
    assert '"tiny\'s"' in script and "'file-1'" in script and "'eval_1'" in script


def test_rows_that_a_run_holds_itself_are_not_written_out():
    rows = {"type": "file_content", "content": [{"item": {"text": "x" * 5000}}]}
    script = new_run("eval_1", {"data_source": {"type": "jsonl", "source": rows}}, URL)
    assert "xxx" not in script and "file-…" in script
    ast.parse(new_run("eval_1", None, URL))
