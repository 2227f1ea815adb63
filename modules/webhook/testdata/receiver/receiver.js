// A tenant's server: it checks each delivery with the library standardwebhooks and the
// secrets of its arguments, and prints a line of JSON for each. It first prints its port.
const http = require("node:http");
const { Webhook } = require("standardwebhooks");

const secrets = process.argv.slice(2).map((s) => new Webhook(s));

const verify = (secret, body, headers) => {
  try {
    return { event: secret.verify(body, headers) };
  } catch (e) {
    return { error: String(e.message) };
  }
};

const server = http.createServer((req, res) => {
  const parts = [];
  req.on("data", (b) => parts.push(b));
  req.on("end", () => {
    const body = Buffer.concat(parts).toString("utf8");
    const tampered = body.replace("completed", "complete!");
    process.stdout.write(
      JSON.stringify({
        id: req.headers["webhook-id"],
        verified: secrets.map((s) => verify(s, body, req.headers)),
        tampered: verify(secrets[0], tampered, req.headers),
      }) + "\n",
    );
    res.writeHead(204).end();
  });
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on("end", () => process.exit(0)).resume(); // ends with who started it
