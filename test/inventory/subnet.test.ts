import test from "ava";
import fc from "fast-check";
import { contains, isIpv4, judgeSubnet, networkOf, overlap } from "../../src/inventory/subnet.ts";

const address = fc.ipV4();
const subnet = fc.tuple(address, fc.integer({ min: 0, max: 32 })).map(([from, length]) => networkOf(from, length));
/** Two subnets that are often near each other. */
const neighbours = fc
  .tuple(address, fc.integer({ min: 0, max: 32 }), fc.integer({ min: 0, max: 32 }), fc.integer({ min: 0, max: 31 }))
  .map(([from, a, b, bit]) => [networkOf(from, a), networkOf(text((number(from) ^ (1 << bit)) >>> 0), b)] as const);

function number(ipv4: string): number {
  return ipv4.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function text(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
}

function range(cidr: string): readonly [number, number] {
  const [from = "", length] = cidr.split("/");
  return [number(from), number(from) + 2 ** (32 - Number(length)) - 1];
}

test("subnets overlap exactly when their ranges of addresses do", (t) => {
  let overlapping = 0;
  fc.assert(
    fc.property(neighbours, ([a, b]) => {
      const [[firstA, lastA], [firstB, lastB]] = [range(a), range(b)];
      const expected = firstA <= lastB && firstB <= lastA;
      if (expected) overlapping += 1;
      return overlap(a, b) === expected && overlap(b, a) === expected;
    }),
    { numRuns: 500, seed: 7 },
  );
  t.true(overlapping > 50 && overlapping < 450);
});

test("a subnet contains exactly the addresses of its range", (t) => {
  fc.assert(
    fc.property(subnet, address, fc.nat(), (cidr, any, offset) => {
      const [first, last] = range(cidr);
      const inside = text(first + (offset % (last - first + 1)));
      const isInside = number(any) >= first && number(any) <= last;
      return contains(cidr, inside) && contains(cidr, any) === isInside;
    }),
  );
  t.pass();
});

test("the network of an address is a valid subnet that contains it", (t) => {
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 32 }), (from, length) => {
      const cidr = networkOf(from, length);
      return judgeSubnet(cidr) === undefined && contains(cidr, from);
    }),
  );
  t.pass();
});

test("an address that is not the first of its network is no subnet, and the right one is named", (t) => {
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 31 }), (from, length) => {
      const cidr = `${from}/${length}`;
      const right = networkOf(from, length);
      return cidr === right || judgeSubnet(cidr)?.endsWith(`write ${right}`) === true;
    }),
  );
  t.pass();
});

test("takes IPv4 addresses in their usual form only", (t) => {
  fc.assert(fc.property(address, (one) => isIpv4(one)));
  for (const wrong of ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4/24", "1.2.3.4 ", "::1", "a.b.c.d"])
    t.false(isIpv4(wrong), wrong);
});
