// openai for Node against the server at $PERSAMP_URL.
import assert from "node:assert/strict";
import OpenAI from "openai";

const baseURL = process.env.PERSAMP_URL + "/v1";
const client = new OpenAI({baseURL, apiKey: process.env.PERSAMP_KEY, maxRetries: 0, timeout: 60000});
const messages = [{role: "user", content: "which?"}];
const ask = (more, options) => client.chat.completions.create({model: "toy", messages, ...more}, options);

// An answer; the seed that it names gives it again: it is a text, which survives JavaScript's numbers.
const one = await ask({});
const again = await ask({seed: one.persamp.seed});
assert.equal(again.choices[0].message.content, one.choices[0].message.content);
assert.equal(again.usage.total_tokens, one.usage.total_tokens);

// Several choices, a stream with progress and usage.
const several = await ask({n: 3, seed: 7});
assert.ok(several.choices.length > 1 && several.choices.length <= 3);
let reasoning = "", answer = "", usage;
for await (const chunk of await ask({seed: one.persamp.seed, stream: true, stream_options: {include_usage: true}})) {
    usage = chunk.usage ?? usage;
    reasoning += chunk.choices[0]?.delta?.reasoning ?? "";
    answer += chunk.choices[0]?.delta?.content ?? "";
}
assert.match(reasoning, /steps/);
assert.equal(answer, one.choices[0].message.content);
assert.equal(usage.total_tokens, one.usage.total_tokens);

// A conversation with a system message.
const turns = [{role: "system", content: "be brief"}];
for (let turn = 0; turn < 3; turn++) {
    turns.push({role: "user", content: `and ${turn}?`});
    turns.push((await ask({messages: turns, max_completion_tokens: 12})).choices[0].message);
}

// Refusals are the client's own exceptions.
await assert.rejects(ask({tools: [{type: "function", function: {name: "f"}}]}), OpenAI.BadRequestError);
await assert.rejects(ask({response_format: {type: "json_object"}}), OpenAI.BadRequestError);
await assert.rejects(ask({messages: []}), OpenAI.BadRequestError);
await assert.rejects(ask({persamp: {nonsense: 1}}), OpenAI.BadRequestError);
await assert.rejects(ask({model: "gpt-9"}), OpenAI.NotFoundError);
await assert.rejects(new OpenAI({baseURL, apiKey: "wrong", maxRetries: 0}).models.list(), OpenAI.AuthenticationError);

// One that goes away in the middle.
const stream = await ask({stream: true, persamp: {budget: 30000000, "ps.refill": true, "ps.budget.max_iterations": 1000000000}});
for await (const chunk of stream) {
    assert.ok(chunk.id);
    break; // closes the connection
}
assert.equal((await ask({seed: one.persamp.seed})).choices[0].message.content, one.choices[0].message.content);
console.log("all of it");
