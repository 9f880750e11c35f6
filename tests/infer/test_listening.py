"""What needs a process stands in test_process.py and test_base_process.py."""

import pytest
from fastapi import FastAPI

from burnish.infer.listening import listen
from burnish.settings import Settings


@pytest.mark.parametrize("url", [None, "http://127.0.0.1"])
def test_without_a_port_it_says_what_to_set(tmp_path, url):
    with pytest.raises(SystemExit, match="infer_url is not set"):
        listen(FastAPI(), Settings(data_dir=tmp_path, infer_url=url))
