import { randomBytes } from "node:crypto";

/** `kboot certs certificate-key`: a key of 32 bytes in hexadecimal digits, stored nowhere. */
export async function certificateKey(): Promise<void> {
  process.stdout.write(`${randomBytes(32).toString("hex")}\n`);
}
