"""LangChain, a framework that speaks the protocol, against the server at $PERSAMP_URL."""
import os

import openai
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

QUESTION = [HumanMessage("which?")]


def model(**more):
    return ChatOpenAI(**{"model": "toy", "base_url": os.environ["PERSAMP_URL"] + "/v1",
                         "api_key": os.environ["PERSAMP_KEY"], "max_retries": 0, "timeout": 60, "stream_usage": True,
                         **more})


def refused(kind, chat):
    """The exception that the framework hands on."""
    try:
        chat.invoke(QUESTION)
    except kind as error:
        return error
    raise AssertionError(f"accepted: {chat}")


# An answer, with a system message, and what it cost; the same in a stream.
asked = [SystemMessage("be brief"), *QUESTION]
chat = model(seed=7, max_tokens=14, temperature=0.7)
one = chat.invoke(asked)
assert one.content and one.response_metadata["finish_reason"] == "stop" and one.usage_metadata["total_tokens"] > 0
pieces = list(chat.stream(asked))
assert "".join(piece.content for piece in pieces) == one.content
whole = pieces[0]
for piece in pieces[1:]:
    whole += piece
assert whole.usage_metadata["total_tokens"] == one.usage_metadata["total_tokens"]

# Several choices; an effort; settings of the search.
several = model(seed=7, n=3, reasoning_effort="high").generate([QUESTION]).generations[0]
assert 1 < len(several) <= 3 and len({choice.text for choice in several}) == len(several)
majority = model(seed=7, extra_body={"persamp": {"method": "majority"}})
assert majority.invoke(QUESTION).content == model(model="toy-majority", seed=7).invoke(QUESTION).content

# A conversation of three turns.
turns = [SystemMessage("be brief")]
for turn in range(3):
    turns.append(HumanMessage([{"type": "text", "text": f"and {turn}?"}]))
    turns.append(model(max_completion_tokens=12).invoke(turns))
    assert isinstance(turns[-1], AIMessage) and turns[-1].content

# Refusals.
tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
assert refused(openai.BadRequestError, model().bind(tools=[tool])).param == "tools"
assert refused(openai.BadRequestError, model().bind(response_format={"type": "json_object"})).param == "response_format"
assert refused(openai.NotFoundError, model(model="gpt-9")).code == "model_not_found"
assert refused(openai.AuthenticationError, model(api_key="wrong")).code == "invalid_api_key"

# One that goes away in the middle, beside others: their answers are what they are alone.
questions = [[HumanMessage(f"question {i}?")] for i in range(4)]
alone = [chat.invoke(question).content for question in questions]
endless = {"budget": 30000000, "ps.refill": True, "ps.budget.max_iterations": 1000000000}
for _ in model(extra_body={"persamp": endless}).stream(QUESTION):
    break
assert [answer.content for answer in chat.batch(questions)] == alone
print("all of it")
