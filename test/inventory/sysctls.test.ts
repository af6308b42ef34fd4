import test from "ava";
import { judgeSysctl, judgeSysctlValue } from "../../src/inventory/sysctls.ts";

test("kernel settings have names with dots and values of one line", (t) => {
  for (const key of ["vm.max_map_count", "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.eth0.forwarding"])
    t.is(judgeSysctl(key), undefined, key);
  for (const value of ["262144", "4096 131072 6291456", "bbr"]) t.is(judgeSysctlValue(value), undefined, value);
  for (const key of ["", "vm", "vm/max_map_count", "../etc/passwd", "vm. x"])
    t.regex(judgeSysctl(key) ?? "", /is no name of a kernel setting/, key);
  for (const value of ["", "1\n2", " 1"]) t.regex(judgeSysctlValue(value) ?? "", /is no value of a kernel setting/, JSON.stringify(value));
});

test("what kboot and the kubelet set themselves is refused, and why", (t) => {
  t.is(judgeSysctl("net.ipv4.ip_forward"), "must not be set here; pods reach nothing unless it is 1");
  t.is(judgeSysctl("kernel.panic"), "must not be set here; the kubelet sets it at each start");
});
