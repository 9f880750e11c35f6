from tests.door import Door, error_of


def test_a_response_that_is_not_there_is_not_streamed_either(door: Door):
    assert error_of(door.http.get("/v1/responses/resp_1?stream=true"))[::2] == (404, "response_not_found")


def test_an_order_that_is_none_is_refused(door: Door):
    assert error_of(door.http.get("/v1/responses/resp_1/input_items?order=up"))[:2] == (400, "order")
