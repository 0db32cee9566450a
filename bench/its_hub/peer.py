"""its_hub's particle filter over a server, one problem after the other as it solves them, for bench/its_hub/compare.

    peer.py BASE_URL PROBLEMS.jsonl SETTINGS_AS_JSON        prints {"seconds", "answers"} as JSON
"""
import asyncio
import json
import sys
import time
import warnings

from its_hub.api import AbstractProcessRewardModel
from its_hub.core.algorithms.particle_gibbs import ParticleFiltering
from its_hub.core.lms.openai_lm import OpenAICompatibleLanguageModel
from its_hub.core.lms.step_generation import StepGeneration

warnings.simplefilter("ignore")


class Stub(AbstractProcessRewardModel):
    """A reward that costs nothing: the length of the last line."""

    async def ascore(self, prompt, answers):
        return [0.2 + 0.6 / (1 + len(answer.rsplit("\n", 1)[-1]) / 40) for answer in answers]

    def score(self, prompt, answers):
        return asyncio.run(self.ascore(prompt, answers))


class Continuing(OpenAICompatibleLanguageModel):
    """llama-server gives the beginning of an answer back with what it adds to it, vLLM only that. Without this its_hub's
    prompts double with each step there, until the context is full."""

    async def agenerate(self, messages_lst, *arguments, **settings):
        return [self.added(messages, message) for messages, message in
                zip(messages_lst, await super().agenerate(messages_lst, *arguments, **settings))]

    @staticmethod
    def added(messages, message):
        written = (messages[-1].content or "").rstrip("\n") if messages[-1].role == "assistant" else ""
        content = message.get("content") or ""
        if written and content.startswith(written):
            content = content[len(written):].lstrip("\n")
        return {**message, "content": content}


async def solve(url, problems, settings):
    lm = Continuing(endpoint=url, api_key="none", model_name=settings["model"], system_prompt=settings["system"] or None,
                    temperature=settings["temperature"], max_completion_tokens=settings["step_tokens"])
    steps = StepGeneration(max_steps=settings["steps"], step_token="\n", stop_token="\\boxed",
                           temperature=settings["temperature"])
    search = ParticleFiltering(steps, Stub())
    return [(await search.ainfer(lm, problem, budget=settings["particles"]))["content"] for problem in problems]


def main():
    url, path, settings = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    with open(path) as file:
        problems = [json.loads(line)["problem"] for line in file]
    start = time.monotonic()
    answers = asyncio.run(solve(url, problems, settings))
    print(json.dumps({"seconds": time.monotonic() - start, "answers": answers}))


main()
