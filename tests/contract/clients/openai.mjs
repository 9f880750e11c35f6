// OpenAI's npm package against a server: node openai.mjs MODULES URL MODEL. What came of it goes to standard output, as JSON.
import { createRequire } from "node:module";

const [modules, baseURL, model] = process.argv.slice(2);
const { OpenAI, NotFoundError } = createRequire(`${modules}/`)("openai");
const client = new OpenAI({ baseURL, apiKey: "any", maxRetries: 0, timeout: 60_000 });
const messages = [{ role: "user", content: "hello" }];
const schema = {
  type: "object",
  properties: { compliant: { enum: ["yes", "no"] } },
  required: ["compliant"],
  additionalProperties: false,
};
const common = { model, temperature: 0, reasoning_effort: "none" };
const found = {};

const plain = await client.chat.completions.create({ ...common, messages, max_completion_tokens: 20 });
found.plain = plain.choices[0].message.content;

found.streamed = "";
const chunks = await client.chat.completions.create({ ...common, messages, max_completion_tokens: 20, stream: true });
for await (const chunk of chunks) found.streamed += chunk.choices[0]?.delta?.content ?? "";

const format = { type: "json_schema", json_schema: { name: "review", schema, strict: true } };
const parsed = await client.chat.completions.parse({ ...common, messages, response_format: format });
found.parsed = parsed.choices[0].message.parsed;

const tool = { type: "function", function: { name: "review", parameters: schema, strict: true } };
const called = await client.chat.completions.create({ ...common, messages, tools: [tool], tool_choice: "required" });
found.called = JSON.parse(called.choices[0].message.tool_calls[0].function.arguments);

const response = await client.responses.create({ model, input: "hello", temperature: 0, max_output_tokens: 40 });
found.response = response.output_text;

found.events = [];
const stream = client.responses.stream({ model, input: "hello", temperature: 0, max_output_tokens: 40 });
for await (const event of stream) found.events.push(event.sequence_number);
found.final = (await stream.finalResponse()).output_text;

found.models = [];
for await (const each of client.models.list()) found.models.push(each.id);

try {
  await client.chat.completions.create({ model: "nobody", messages });
} catch (error) {
  found.refused = [error instanceof NotFoundError, error.code];
}
console.log(JSON.stringify(found));
