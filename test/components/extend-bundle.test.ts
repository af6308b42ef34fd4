import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { execa } from "execa";
import { openSources } from "../../src/artifacts/index.ts";
import { temporaryFolder } from "../support/kind.ts";
import { extendBundle } from "./extend-bundle.ts";
import { writeImage, writeIndex, writeLayer } from "./oci-layout.ts";
import { text } from "./tar.ts";

/** A bundle of no files and one image, and a folder with an archive of another image that has a layer in common with it. */
async function scene() {
  const folder = await temporaryFolder();
  const at = (...path: readonly string[]) => join(folder, ...path);
  const images = at("bundle", "images");
  const image = await writeImage(images, "example.org/own:1", {}, [await writeLayer(images, [text("shared", "the same")])]);
  await writeIndex(images, [image]);
  const own = { name: image.name, architecture: "amd64", digest: image.manifest.digest, size: image.totalSize };
  const bundle = { apiVersion: "kboot.dev/v1alpha1", kind: "Bundle", files: [], images: [own] };
  await writeFile(at("bundle", "bundle.json"), JSON.stringify(bundle));

  const layers = [await writeLayer(at("layout"), [text("shared", "the same")]), await writeLayer(at("layout"), [text("more", "another")])];
  await writeIndex(at("layout"), [await writeImage(at("layout"), "example.org/given:2", {}, layers)]);
  await mkdir(at("archives"));
  await execa("tar", ["-C", at("layout"), "-cf", at("archives", "given.tar"), "."]);
  return { at, extend: () => extendBundle(at("bundle"), at("archives"), at("out")) };
}

test("a bundle has its own images and those of the archives, and the program reads both", async (t) => {
  const { at, extend } = await scene();
  await extend();
  const wanted = { files: [], images: ["example.org/own:1", "example.org/given:2"] };
  const sources = await openSources([{ kind: "bundle", path: at("out") }], wanted, AbortSignal.timeout(10_000));
  const artifacts = await sources.resolve(["amd64"]);
  t.is(artifacts.image("example.org/own:1", "amd64").blobs.length, 3);
  t.is(artifacts.image("example.org/given:2", "amd64").blobs.length, 4);
});

test("a folder without archives is refused", async (t) => {
  const { at, extend } = await scene();
  await rm(at("archives", "given.tar"));
  await t.throwsAsync(extend(), { message: /holds no \.tar/ });
});
