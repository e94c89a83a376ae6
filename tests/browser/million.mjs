// Makes a finished run into one of a million candidates, made up from its own: `node million.mjs RUN`.
//
// The log's generations come again and again, and so do the candidates, with ids and generations that go on. The last candidate of each
// generation descends from that of the one before, so that the best program's line is as long as the search. The checkpoint's lengths and
// checksum are made to fit.

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, readFileSync, statSync, writeFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { once } from "node:events";
import { createGunzip, createGzip } from "node:zlib";

const CANDIDATES = 1_000_000;
const EACH = 500;
const run = process.argv[2];
const file = (name) => join(run, name);

// The candidates.
const lines = [];
for await (const line of createInterface({ input: createReadStream(file("candidates.jsonl.gz")).pipe(createGunzip()) })) lines.push(line);
const [head, ...rest] = lines;
const records = rest.map((line) => JSON.parse(line)).filter((record) => record.record === "candidate");
const trained = records.filter((record) => record.program);
const packed = createGzip();
const written = packed.pipe(createWriteStream(file("candidates.tmp")));
packed.write(`${head}\n`);
const result = JSON.parse(readFileSync(file("result.json")));
const best = CANDIDATES - 1;
for (let id = 0; id < CANDIDATES; id += 1) {
  const isLast = id % EACH === EACH - 1;
  const from = isLast ? trained[(id * 7) % trained.length] : records[(id * 7919) % records.length];
  const record = { ...from, id, generation: Math.floor(id / EACH) };
  record.parents = id < EACH ? [] : isLast ? [id - EACH] : from.parents.map((_, place) => id - 1 - ((id * 31 + place) % EACH));
  if (id < EACH) record.operators = ["random"];
  if (!packed.write(`${JSON.stringify(record)}\n`)) await once(packed, "drain");
}
packed.end();
await once(written, "close");
renameSync(file("candidates.tmp"), file("candidates.jsonl.gz"));

// The log. Numbers of 64 bits are in none of these lines but the first, which stays as it is.
const log = readFileSync(file("log.jsonl"), "utf8").trimEnd().split("\n");
const kind = (line) => JSON.parse(line).record;
const generations = log.filter((line) => kind(line) === "generation").map((line) => JSON.parse(line));
const leaders = log.filter((line) => kind(line) === "best").map((line) => JSON.parse(line));
const made = [log[0]];
for (let number = 0; number < CANDIDATES / EACH; number += 1) {
  made.push(JSON.stringify({ ...generations[number % generations.length], generation: number }));
  if (number % 4 === 0) made.push(JSON.stringify({ ...leaders[number % leaders.length], generation: number, id: number * EACH + EACH - 1 }));
}
made.push(JSON.stringify({ record: "end", reason: "generations" }));
writeFileSync(file("log.jsonl"), made.join("\n") + "\n");

// The checkpoint: as text, since JavaScript would change its long numbers.
const text = readFileSync(file("checkpoint.json"), "utf8");
const header = JSON.parse(text.slice(0, text.indexOf("\n")));
let body = text.slice(text.indexOf("\n") + 1).trimEnd();
const replace = (pattern, value) => {
  if (!pattern.test(body)) throw new Error(`the checkpoint has no ${pattern}`);
  body = body.replace(pattern, value);
};
replace(/"log_bytes":\d+/, `"log_bytes":${statSync(file("log.jsonl")).size}`);
replace(/"candidate_log_bytes":\d+/, `"candidate_log_bytes":${statSync(file("candidates.jsonl.gz")).size}`);
replace(/"next_generation":\d+/, `"next_generation":${CANDIDATES / EACH}`);
replace(/"totals":\{"candidates":\d+/, `"totals":{"candidates":${CANDIDATES}`);
replace(/"generations":\d+/, `"generations":${CANDIDATES / EACH - 1}`);
// The leader, and its place in the archive.
body = body.replaceAll(`"id":${result.id},`, `"id":${best},`);
const bytes = Buffer.from(body);
writeFileSync(file("checkpoint.json"), JSON.stringify({ ...header, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }) + "\n" + body + "\n");

// The result is that of the same program, whose candidate has another number now.
for (const name of ["result.json", "curves.json"]) {
  const old = readFileSync(file(name), "utf8");
  writeFileSync(file(name), old.replaceAll(new RegExp(`"id":( ?)${result.id}\\b`, "g"), `"id":$1${best}`));
}
const size = (statSync(file("candidates.jsonl.gz")).size / 1e6).toFixed(0);
console.log(`  a log of ${(statSync(file("log.jsonl")).size / 1e6).toFixed(1)} MB and one of candidates of ${size} MB`);
