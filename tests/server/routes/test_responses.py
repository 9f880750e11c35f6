from tests.door import Door, error_of


def test_a_response_is_streamed_to_its_creator_alone(door: Door):
    assert error_of(door.http.get("/v1/responses/resp_1?stream=true")) == (400, "stream", "unsupported_value")


def test_an_order_that_is_none_is_refused(door: Door):
    assert error_of(door.http.get("/v1/responses/resp_1/input_items?order=up"))[:2] == (400, "order")
