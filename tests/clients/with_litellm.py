"""LiteLLM, a framework that speaks the protocol, against the server at $PERSAMP_URL."""
import os

import litellm

litellm.telemetry = False
litellm.suppress_debug_info = True
COMMON = {"model": "openai/toy", "api_base": os.environ["PERSAMP_URL"] + "/v1", "api_key": os.environ["PERSAMP_KEY"],
          "num_retries": 0, "timeout": 60}
QUESTION = [{"role": "user", "content": "which?"}]

one = litellm.completion(messages=[{"role": "system", "content": "be brief"}, *QUESTION], seed=7, max_tokens=14, **COMMON)
assert one.choices[0].message.content and one.usage.total_tokens > 0
pieces = [chunk.choices[0].delta.content or "" for chunk in
          litellm.completion(messages=[{"role": "system", "content": "be brief"}, *QUESTION], seed=7, max_tokens=14,
                             stream=True, **COMMON) if chunk.choices]
assert "".join(pieces) == one.choices[0].message.content
try:
    litellm.completion(messages=QUESTION, **{**COMMON, "model": "openai/gpt-9"})
    raise AssertionError("an unknown model was answered")
except litellm.exceptions.NotFoundError:
    pass
try:
    litellm.completion(messages=QUESTION, **{**COMMON, "api_key": "wrong"})
    raise AssertionError("a wrong key was let in")
except litellm.exceptions.AuthenticationError:
    pass
print("all of it")
