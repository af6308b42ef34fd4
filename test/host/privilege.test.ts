import test from "ava";
import { privileged, refusedPrivilege } from "../../src/host/privilege.ts";

test("root needs no sudo, anybody else is given sudo that never asks", (t) => {
  t.is(privileged("sh", "root"), "sh");
  t.is(privileged("sh", "vagrant"), "sudo -n sh");
});

test("a refused sudo says what the host said and how to allow it", (t) => {
  const error = refusedPrivilege("vagrant", "banner\nsudo: a password is required\n", { host: "worker-1" });
  t.is(error.code, "privilege");
  t.is(error.message, "vagrant cannot become root with sudo: sudo: a password is required");
  t.is(error.where.host, "worker-1");
  t.regex(error.hint ?? "", /NOPASSWD/);
});
