import test from "ava";
import { findDrift, listUnseen } from "../../src/engine/drift.ts";
import type { Plan } from "../../src/engine/plan.ts";

const pair = { step: "one", title: "One", action: undefined, decidedLater: false };

const plan: Plan = [
  { ...pair, host: "b", changes: [{ id: "file:/a", differences: [{ what: "mode", from: "0600", to: "0644" }] }] },
  {
    ...pair,
    host: "a",
    changes: [
      { id: "file:/c", differences: [{ what: "content", from: "1\n", to: "2\n" }, { what: "owner" }] },
      { id: "systemd-unit:u", differences: [{ what: "enabled" }, { what: "restart", from: "/c changes", follows: true }] },
      { id: "container-image:i", differences: [{ what: "image", unsure: true }] },
    ],
  },
  { ...pair, host: "a", step: "two", changes: [], action: "wait until it runs" },
];

test("drift is what differs by itself, host by host; neither what follows from that nor a wait is", (t) => {
  t.deepEqual(
    findDrift(plan, ["a", "b"]).map(({ host, step, id, what }) => [host, step, id, what]),
    [
      ["a", "one", "file:/c", "content"],
      ["a", "one", "file:/c", "owner"],
      ["a", "one", "systemd-unit:u", "enabled"],
      ["b", "one", "file:/a", "mode"],
    ],
  );
});

test("what could not be seen is told where no difference of what shows it explains that, whatever else differs on the host", (t) => {
  const unsure = { what: "image", unsure: true, seenBy: "systemd-unit:containerd.service" };
  const images = ["one", "two"].map((name) => ({ id: `container-image:${name}`, differences: [unsure] }));
  const other = { id: "sysctl:a", differences: [{ what: "value", from: "0", to: "1" }] };
  const containerd = { id: "systemd-unit:containerd.service", differences: [{ what: "running", from: "inactive", to: "active" }] };
  const unseen = (...changes: Plan[number]["changes"]) => {
    const found: Plan = [{ ...pair, host: "a", changes: [...changes, ...images] }];
    return [...listUnseen(found, findDrift(found, ["a"]))];
  };
  t.deepEqual(unseen(), [["a", ["container-image:one", "container-image:two"]]]);
  t.deepEqual(unseen(other), [["a", ["container-image:one", "container-image:two"]]]);
  t.deepEqual(unseen(other, containerd), []);
  const elsewhere: Plan = [
    { ...pair, host: "a", changes: images },
    { ...pair, host: "b", changes: [containerd] },
  ];
  t.deepEqual([...listUnseen(elsewhere, findDrift(elsewhere, ["a", "b"])).keys()], ["a"]);
});
