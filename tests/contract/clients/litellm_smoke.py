"""LiteLLM against a server: URL MODEL. What came of it goes to standard output, as JSON."""

import json
import sys

import litellm

url, model = sys.argv[1:]
fields = {
    "model": f"openai/{model}",
    "api_base": url,
    "api_key": "any",
    "messages": [{"role": "user", "content": "hello"}],
    "temperature": 0,
    "max_tokens": 20,
    "num_retries": 0,
}
plain = litellm.completion(**fields)
streamed = "".join(chunk.choices[0].delta.content or "" for chunk in litellm.completion(stream=True, **fields))
sys.stdout.write(json.dumps({"plain": plain.choices[0].message.content, "streamed": streamed}))
