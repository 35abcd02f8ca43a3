// How rare a query's system, message and purpose are for its officer: a detector for Node.
// Run it: misusebench bench DATA --detector "cmd:node examples/plugins/rarity.mjs" -o RUN
import { createInterface } from "node:readline";

const own = new Map(); // officer -> what he asked -> how often
const total = new Map(); // officer -> queries
let rows = 0;
let scoring = false;
let answer = [];

function surprise(row) {
  const what = `${row.system} ${row.message_key} ${row.declared_purpose ?? ""}`;
  const mine = own.get(row.officer_id) ?? new Map();
  const often = mine.get(what) ?? 0;
  const all = total.get(row.officer_id) ?? 0;
  mine.set(what, often + 1);
  own.set(row.officer_id, mine);
  total.set(row.officer_id, all + 1);
  return -Math.log((often + 0.5) / (all + 10));
}

function say(text) {
  process.stdout.write(`${text}\n`);
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  if (rows > 0) {
    const score = surprise(message);
    if (scoring) answer.push(score);
    rows -= 1;
    if (rows === 0) say(scoring ? answer.join("\n") : '{"type":"ok"}');
    return;
  }
  switch (message.type) {
    case "hello":
      say(
        JSON.stringify({
          type: "info",
          name: "rarity_node",
          version: "1",
          tiers: ["T0", "T1", "T2", "T3"],
          needs: ["officer_id", "system", "message_key", "declared_purpose"],
          has: ["fit"],
        }),
      );
      break;
    case "fit":
    case "score":
    case "context":
      rows = message.n;
      scoring = message.type === "score";
      answer = [];
      if (rows === 0 && !scoring) say('{"type":"ok"}');
      break;
    case "bye":
      process.exit(0);
  }
});
