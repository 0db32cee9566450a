"""openai for Python against the server at $PERSAMP_URL."""
import os
import re
import threading
import urllib.request

import openai

URL = os.environ["PERSAMP_URL"] + "/v1"
client = openai.OpenAI(base_url=URL, api_key=os.environ["PERSAMP_KEY"], max_retries=0, timeout=60)
QUESTION = [{"role": "user", "content": "which?"}]
# A search that goes on until its client goes away.
ENDLESS = {"budget": 30000000, "ps.refill": True, "ps.budget.max_iterations": 1000000000}
ask = client.chat.completions.create


def refused(kind, param=None, **request):
    """The client's own exception, which names the field."""
    try:
        ask(**{"model": "toy", "messages": QUESTION, **request})
    except kind as error:
        assert param is None or error.param == param, (error.param, param)
        return error
    raise AssertionError(f"accepted: {request}")


def content(seed):
    return ask(model="toy", messages=QUESTION, seed=seed, extra_body={"persamp": {"budget": 400}}).choices[0].message.content


def stream(cut=False, **more):
    """What a stream said: progress, answer, usage."""
    reasoning, answer, usage = "", "", None
    for chunk in ask(model="toy", messages=QUESTION, stream=True, stream_options={"include_usage": True}, **more):
        if cut:
            return None
        usage = chunk.usage or usage
        for choice in chunk.choices:
            reasoning += getattr(choice.delta, "reasoning", None) or ""
            answer += choice.delta.content or ""
    return reasoning, answer, usage


# An answer, and what the server says beside it.
one = ask(model="toy", messages=QUESTION, seed=7, user="me", store=False, metadata={"a": "b"}, tools=[], temperature=0.7)
assert one.choices[0].message.role == "assistant" and one.choices[0].finish_reason == "stop"
assert one.usage.completion_tokens > one.usage.completion_tokens_details.reasoning_tokens > 0
assert one.persamp["seed"] == "7" and one.persamp["answers"][0]["weight"] > 0
again = ask(model="toy", messages=QUESTION, seed=7)
assert again.choices[0].message.content == one.choices[0].message.content

fresh = ask(model="toy", messages=QUESTION) # it names the seed that it took
again = ask(model="toy", messages=QUESTION, seed=int(fresh.persamp["seed"]))
assert again.choices[0].message.content == fresh.choices[0].message.content

# Several choices, each another answer.
several = ask(model="toy", messages=QUESTION, n=3, seed=7, reasoning_effort="high").choices
assert 1 < len(several) <= 3 and len({choice.message.content for choice in several}) == len(several)

# A stream: progress, then the same answer, then the usage.
reasoning, answer, usage = stream(seed=7)
assert "steps" in reasoning and answer == one.choices[0].message.content
assert usage.total_tokens == one.usage.total_tokens

# A conversation of three turns, with a system message; the thoughts of earlier turns are dropped.
messages = [{"role": "developer", "content": "be brief"}]
for turn in range(3):
    messages.append({"role": "user", "content": [{"type": "text", "text": f"and {turn}?"}]})
    said = ask(model="toy", messages=messages, max_completion_tokens=12).choices[0].message
    messages.append({"role": "assistant", "content": said.content, "reasoning": "hm"})
assert len(messages) == 7

# Raw prompts and the list of models.
assert client.completions.create(model="toy", prompt="so", max_tokens=4).choices[0].text
assert {model.id for model in client.models.list()} == {"toy", "toy-majority"}

# Every refusal is the client's own exception.
refused(openai.BadRequestError, "tools", tools=[{"type": "function", "function": {"name": "f"}}])
refused(openai.BadRequestError, "response_format", response_format={"type": "json_object"})
refused(openai.BadRequestError, "logprobs", logprobs=True)
refused(openai.BadRequestError, "messages", messages=[])
refused(openai.BadRequestError, "messages[0].content",
        messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}])
refused(openai.BadRequestError, "messages[0].content",
        messages=[{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]}])
refused(openai.BadRequestError, "messages[0].role", messages=[{"role": "tool", "content": "x", "tool_call_id": "1"}])
refused(openai.BadRequestError, "presence_penalty", presence_penalty=1)
refused(openai.BadRequestError, "logit_bias", logit_bias={"1": 2})
refused(openai.BadRequestError, "modalities", modalities=["audio"])
refused(openai.BadRequestError, "persamp.generation.n_particles",
        extra_body={"persamp": {"generation.n_particles": 65}})
assert refused(openai.BadRequestError, messages=[{"role": "user", "content": "x" * 5000}]).code == "context_length_exceeded"
assert refused(openai.APIStatusError, messages=[{"role": "user", "content": "x" * 1100000}]).status_code == 413
refused(openai.BadRequestError, "reasoning_effort", extra_body={"reasoning_effort": "maximal"})
refused(openai.BadRequestError, "persamp.nonsense", extra_body={"persamp": {"nonsense": 1}})
refused(openai.BadRequestError, "persamp.models.generator.model_path",
        extra_body={"persamp": {"models.generator.model_path": "/etc/passwd"}})
assert refused(openai.NotFoundError, "model", model="gpt-9").code == "model_not_found"
try:
    openai.OpenAI(base_url=URL, api_key="wrong", max_retries=0).models.list()
    raise AssertionError("a wrong key was let in")
except openai.AuthenticationError as error:
    assert error.code == "invalid_api_key"

# One that goes away in the middle changes nothing for the others.
alone = {seed: content(seed) for seed in range(4)}
beside = {}
threads = [threading.Thread(target=lambda s=seed: beside.update({s: content(s)})) for seed in range(4)]
for thread in threads:
    thread.start()
for _ in range(3):
    stream(cut=True, extra_body={"persamp": ENDLESS})
for thread in threads:
    thread.join()
assert beside == alone

# Four of a key run and four wait, as long as their streams are read; who comes then is told when to come again.
enough = threading.Event()


def hold():
    for _ in ask(model="toy", messages=QUESTION, stream=True, extra_body={"persamp": ENDLESS}):
        if enough.is_set():
            break


def waiting():
    request = urllib.request.Request(os.environ["PERSAMP_URL"] + "/metrics", headers={"Authorization": "Bearer " + client.api_key})
    with urllib.request.urlopen(request) as answer:
        return int(re.search(r"^persamp_queue (\d+)$", answer.read().decode(), re.M).group(1))


threads = [threading.Thread(target=hold) for _ in range(8)]
for thread in threads:
    thread.start()
while waiting() < 4:
    pass
try:
    told = refused(openai.RateLimitError)
finally:
    enough.set()
for thread in threads:
    thread.join()
assert int(told.response.headers["retry-after"]) >= 1 and told.code == "rate_limit_exceeded", told
print("all of it")
