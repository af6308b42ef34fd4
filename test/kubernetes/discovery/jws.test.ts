import { execFileSync } from "node:child_process";
import test from "ava";
import { isSignedByToken, signDetached } from "../../../src/kubernetes/discovery/jws.ts";
import { Secret } from "../../../src/secret.ts";

const token = { id: "07401b", secret: new Secret("f395accd246ae52d") };
const kubeconfig = "apiVersion: v1\nclusters: []\nkind: Config\n# \u00fcber ~~~ ???\n";

/** Header, dot, payload, each as base64url without padding; HMAC-SHA256 of that by the token's second half; the payload left out. */
const recipe = `
url() { basenc --base64url -w0 | tr -d =; }
header=$(printf '{"alg":"HS256","kid":"%s"}' "$ID" | url)
payload=$(printf %s "$TEXT" | url)
signature=$(printf '%s.%s' "$header" "$payload" | openssl dgst -sha256 -hmac "$SECRET" -binary | url)
printf '%s..%s' "$header" "$signature"
`;

test("a signature is what openssl makes by the documented recipe, byte for byte", (t) => {
  // a shell takes the last line ends away where it substitutes, so the text is given by the environment
  const env = { ...process.env, ID: token.id, SECRET: token.secret.reveal(), TEXT: kubeconfig };
  const wanted = execFileSync("sh", ["-c", recipe], { env, encoding: "utf8" });
  t.is(signDetached(token, kubeconfig), wanted);
  // as in the documentation of token based discovery
  t.true(wanted.startsWith("eyJhbGciOiJIUzI1NiIsImtpZCI6IjA3NDAxYiJ9.."));
});

test("a signature is of one text by one token, in one form", (t) => {
  const signature = signDetached(token, kubeconfig);
  t.true(isSignedByToken(token, kubeconfig, signature));
  t.false(isSignedByToken(token, `${kubeconfig} `, signature));
  t.false(isSignedByToken({ ...token, secret: new Secret("f395accd246ae52e") }, kubeconfig, signature));
  t.false(isSignedByToken({ ...token, id: "07401c" }, kubeconfig, signature));
  const [header, , mac] = signature.split(".");
  const reordered = Buffer.from('{"kid":"07401b","alg":"HS256"}').toString("base64url");
  for (const other of ["", "..", `${header}..`, `${reordered}..${mac}`, `${signature}=`, signature.toUpperCase()]) {
    t.false(isSignedByToken(token, kubeconfig, other), other);
  }
});
