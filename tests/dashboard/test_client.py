import httpx
import openai
from openai import APIStatusError

from burnish.dashboard.client import complaint, open_api


def test_a_page_asks_with_its_readers_key():
    api = open_api("http://127.0.0.1:1/v1")
    assert api.of("sk-reader").api_key == "sk-reader"
    assert api.of(None).api_key == "none"
    assert api.base.api_key == "none"


def test_a_complaint_is_what_the_server_said():
    response = httpx.Response(400, request=httpx.Request("GET", "http://127.0.0.1"))
    error = openai.BadRequestError("Error code: 400", response=response, body={"message": "No such step."})
    assert complaint(error) == "No such step."
    assert complaint(APIStatusError("odd", response=response, body=None)) == "odd"
