"""openai for Python against a server that is about to end, at $PERSAMP_URL."""
import os

import openai

client = openai.OpenAI(base_url=os.environ["PERSAMP_URL"] + "/v1", api_key=os.environ["PERSAMP_KEY"], max_retries=0, timeout=60)
try:
    client.chat.completions.create(model="toy", messages=[{"role": "user", "content": "which?"}])
    raise AssertionError("a server that is about to end took a request")
except openai.InternalServerError as error:
    assert error.status_code == 503 and error.code == "shutting_down", error
print("all of it")
