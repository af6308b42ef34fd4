import test from "ava";
import { printProgress, Transfers } from "../../src/ui/transfer.ts";

const megabyte = 1e6;

/** What is said after each of these moments (seconds) with so many megabytes sent, of 100. */
function follow(...moments: readonly (readonly [seconds: number, sent: number])[]): readonly string[] {
  const transfers = new Transfers();
  return moments.map(([seconds, sent]) => printProgress(transfers.follow("a", seconds * 1000, sent * megabyte, 100 * megabyte)));
}

test("an even transfer tells bytes, rate and the time that is left", (t) => {
  t.deepEqual(follow([0, 0], [1, 10], [2, 20], [9.5, 95]), [
    "0 of 100 MB",
    "10 of 100 MB, 10.0 MB/s, 9 s left",
    "20 of 100 MB, 10.0 MB/s, 8 s left",
    "95 of 100 MB, 10.0 MB/s, 1 s left",
  ]);
});

test("a single slow second moves the rate a little, slowness that lasts moves it all", (t) => {
  const moments = Array.from({ length: 30 }, (_, second) => [5 + second, 40 + second] as const);
  const said = follow([0, 0], [1, 10], [2, 20], [3, 30], [4, 39], ...moments);
  t.regex(said[4] ?? "", /9\.8 MB\/s/);
  t.regex(said[5] ?? "", /8\.2 MB\/s/);
  t.regex(said.at(-1) ?? "", /1\.0 MB\/s/);
});

test("what does not move has no time left", (t) => {
  t.is(follow([0, 10], [5, 10])[1], "10 of 100 MB, 0.0 MB/s, it does not move");
});

test("minutes are told as such, and an end has no rate", (t) => {
  t.deepEqual(follow([0, 0], [10, 5], [20, 100]).slice(1), ["5 of 100 MB, 0.5 MB/s, 3 min 10 s left", "100 of 100 MB"]);
});

test("two events of one moment do not make an endless rate", (t) => {
  t.deepEqual(follow([0, 0], [1, 10], [1, 11], [2, 20]).slice(2), [
    "11 of 100 MB, 10.0 MB/s, 9 s left",
    "20 of 100 MB, 10.0 MB/s, 8 s left",
  ]);
});

test("a transfer that begins again is measured anew", (t) => {
  t.is(follow([0, 0], [1, 50], [2, 0], [3, 10]).at(-1), "10 of 100 MB, 10.0 MB/s, 9 s left");
});

test("transfers do not mix", (t) => {
  const transfers = new Transfers();
  transfers.follow("a", 0, 0, 100);
  transfers.follow("b", 0, 0, 100);
  t.is(transfers.follow("a", 1000, 50, 100).rate, 50);
  t.is(transfers.follow("b", 1000, 10, 100).rate, 10);
});
