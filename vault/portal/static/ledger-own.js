// Verifies a person's own entries (the file from "Prove that nothing was left out"): each proven, none missing.
// Needs ledger-verify.js before it. Codes beside those of that file: tag (an entry is not this person's), count.
(() => {
  "use strict";
  const { need, same, join, utf8, encode, decode, sha256, leafHash, checkInclusion, lines, plain, members, parse } =
    globalThis.ledgerVerify.parts;
  const checkpoint = globalThis.ledgerVerify.checkpoint;
  const number = (value, bytes) =>
    Uint8Array.from({ length: bytes }, (_, at) => Math.floor(value / 2 ** (8 * (bytes - 1 - at))) % 256);
  const url = (bytes) => encode(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  const unurl = (text) => decode(text.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (text.length % 4)) % 4));
  function hmac(key, message) { // keys of at most 64 bytes
    const pad = (byte) => Uint8Array.from({ length: 64 }, (_, at) => (key[at] ?? 0) ^ byte);
    return sha256(join(pad(0x5c), sha256(join(pad(0x36), message))));
  }
  async function count(note, vkey, key) { // how many entries the registry says there are about the key's holder
    const [name, form, origin, shard, whose, total, waiting, at, end, ...more] = await lines(note, vkey);
    need(form === "pivault-count/v1" && origin === name && end === "" && !more.length, "shape");
    need(same(decode(whose), sha256(join(utf8(form), key))), "count");
    return { shard: plain(shard), total: plain(total), waiting: plain(waiting), at: plain(at) };
  }

  async function own(bundle, vkey, told = () => {}) { // a person's own entries: each proven, none missing
    const key = unurl(bundle.key), said = await count(bundle.statement, vkey, key), seen = new Map(), found = [];
    const signed = bundle.checkpoint ? await checkpoint(bundle.checkpoint, vkey) : null;
    const led = join(number(3, 4), utf8("tag"), number(2, 4), number(said.shard, 2), number(8, 4));
    const tag = (n) => url(hmac(key, join(led, number(n, 8))));
    for (const line of bundle.entries) {
      if (seen.size % 64 === 0) { told(seen.size, bundle.entries.length); await new Promise((done) => setTimeout(done)); }
      need(Number.isSafeInteger(line.n) && line.n >= 0 && !seen.has(line.n), "tag");
      seen.set(line.n, line);
      if (line.withheld) continue; // archived, or removed after its time: nothing here to verify
      need(signed, "shape");
      const entry = decode(line.entry);
      checkInclusion(leafHash(entry), line.index, signed.size, line.inclusion_path.map(decode), signed.root);
      const member = members(entry, line.index);
      need(member.tag === tag(line.n), "tag");
      found.push({ n: line.n, index: line.index, entry: member });
    }
    const holes = Array.from({ length: said.total }, (_, n) => n).filter((n) => !seen.has(n));
    need(holes.length <= said.waiting, "count");
    const { total, at } = said, withheld = seen.size - found.length, size = signed?.size ?? 0;
    return { kind: "own", log: bundle.origin, size, total, at, waiting: holes.length, withheld, found };
  }

  const { verify } = globalThis.ledgerVerify;
  globalThis.ledgerVerify.verify = (text, vkey, told) => {
    if (!text.includes("pivault-own-entries/v1")) return verify(text, vkey);
    return own(parse(text), vkey, told);
  };
})();
