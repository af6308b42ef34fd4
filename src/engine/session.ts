import { scriptFailed } from "../errors/script-failed.ts";
import { KbootError } from "../errors.ts";
import type { Host, RunIdentity } from "../host/host.ts";
import type { Cluster, ClusterHost } from "../inventory/cluster.ts";
import { checksFailed, type FoundProblem } from "./checks-failed.ts";
import { coalesce } from "./coalesce.ts";
import { composeChange, type HostKinds, kindOf } from "./compose.ts";
import type {
  AnyResource,
  Api,
  ArtifactSources,
  Check,
  ClusterKind,
  FoundObstacle,
  LiveReading,
  ReadLive,
  Site,
  Step,
  Turns,
} from "./contracts.ts";
import { clusterPlace } from "./contracts.ts";
import type { Emit, Place } from "./events.ts";
import { type PairOutcome, runGraph } from "./graph.ts";
import { observeHost } from "./observe.ts";
import type { Pair } from "./pairs.ts";
import { diffPair, type Interruption, type PairDiff, type Plan, toPlannedPair } from "./plan.ts";
import { Recorder } from "./state.ts";
import { Vault } from "./vault.ts";

export interface RunOptions<Live> {
  readonly run: RunIdentity;
  readonly cluster: Cluster;
  readonly way: readonly Step<Live>[];
  readonly checks: readonly Check<Live>[];
  readonly kinds: HostKinds;
  readonly clusterKind: ClusterKind;
  readonly sources: ArtifactSources;
  open(host: ClusterHost): Promise<Host>;
  /** Node addresses from inventory and facts; throws KbootError when they cannot be told. */
  chooseNodeAddresses(cluster: Cluster, facts: Site<Live>["facts"]): ReadonlyMap<string, string>;
  readonly readLive: ReadLive<Live>;
  /** True when the cluster is read without its control planes: they are not reached unless the run is about them. */
  readonly alone?: boolean;
  /** Which pairs this run is about; the others count as done. */
  select(host: string, step: string): boolean;
  /** Hosts without which the others need not go on. */
  readonly decisive: readonly string[];
  /** Hosts of which only so many are interrupted at a time. */
  readonly turns?: readonly Turns[];
  readonly apply: boolean;
  /** What a plan interrupts; pure. */
  foresee?(plan: Plan): readonly Interruption[];
  /** Looks at the plan before anything is changed; what it throws ends the run. */
  approve?(plan: Plan, unreachable: ReadonlyMap<string, Error>): void;
  /** The time by which expiry is judged; default: now. */
  readonly judgedAt?: Date | undefined;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** One run over hosts that were reached: what it has seen so far, and what it does about it. */
export class Session<Live> {
  readonly errors = new Map<string, Error>();
  readonly #options: RunOptions<Live>;
  readonly #pairs: readonly Pair<Live>[];
  readonly #pairsOf: ReadonlyMap<string, readonly Pair<Live>[]>;
  readonly #hosts: ReadonlyMap<string, Host>;
  readonly #vault = new Vault();
  readonly #observed = new Map<string, Map<string, unknown>>();
  readonly #diffs = new Map<string, PairDiff>();
  readonly #changing = new Map<string, Set<string>>();
  readonly #recorders = new Map<string, Recorder>();
  #site: Site<Live>;
  #api: Api | undefined;
  /** True once something changed that Live may depend on. */
  #stale = false;
  /** Many steps wait for the cluster at once; they share what is read. */
  readonly #readLive: () => Promise<LiveReading<Live> | undefined>;

  constructor(options: RunOptions<Live>, pairs: readonly Pair<Live>[], hosts: ReadonlyMap<string, Host>, site: Site<Live>) {
    this.#options = options;
    this.#pairs = pairs;
    this.#pairsOf = Map.groupBy(pairs, ({ host }) => host);
    this.#hosts = hosts;
    this.#site = site;
    const { cluster, readLive, signal } = options;
    this.#readLive = coalesce(() => readLive({ cluster, facts: this.#site.facts, hosts, vault: this.#vault, signal }));
  }

  /** One round trip to each host; the cluster is asked meanwhile. */
  async look(): Promise<void> {
    const withoutLive = this.#site;
    const [reading] = await Promise.all([this.#readLive(), this.#observeHosts(withoutLive)]);
    if (reading === undefined) return;
    this.#take(reading);
    await Promise.all([this.#observeHosts(this.#site), this.#observeCluster(this.#pairsOf.get(clusterPlace) ?? [])]);
  }

  /** Throws with every problem that is not ignored. */
  check(): void {
    const { checks, cluster, emit } = this.#options;
    const found: FoundProblem[] = [];
    const obstacles = this.#obstacles();
    for (const check of checks) {
      const ignored = cluster.ignoreChecks.includes(check.name);
      for (const problem of check.problems(this.#site, obstacles)) {
        if (check.isNotice) {
          emit({ type: "notice", message: problem.message, hint: problem.hint });
          continue;
        }
        const code = check.code ?? "check";
        emit({ type: "problem", check: check.name, code, ...problem, ignored });
        if (!ignored) found.push({ ...problem, check: check.name, code });
      }
    }
    if (found.length > 0) throw checksFailed(found, this.#site.unreachable);
  }

  #obstacles(): readonly FoundObstacle[] {
    const { kinds } = this.#options;
    const pairs = this.#pairs.filter(({ host }) => host !== clusterPlace && !this.#site.unreachable.has(host));
    return pairs.flatMap(({ host, step }) =>
      (step.resources?.(this.#site, host) ?? []).flatMap((resource) => {
        const kind = kindOf(kinds, resource);
        const context = { ...this.#diffContext(), changing: new Set<string>() };
        const found = kind.obstacles?.(resource, this.#observed.get(host)?.get(kind.id(resource)), context) ?? [];
        return found.map((obstacle) => ({ host, ...obstacle }));
      }),
    );
  }

  plan(): Plan {
    return this.#pairs.flatMap((pair) => {
      if (this.#site.unreachable.has(pair.host)) return [];
      const diff = this.#diff(pair);
      return toPlannedPair(pair, diff, this.#diffContext()) ?? [];
    });
  }

  async apply(): Promise<ReadonlyMap<string, PairOutcome>> {
    const outcomes = await runGraph({
      pairs: this.#pairs,
      setAside: new Set(this.#site.unreachable.keys()),
      decisive: new Set(this.#options.decisive),
      signal: this.#options.signal,
      turns: this.#options.turns ?? [],
      interrupts: (pair) => this.#interrupts(pair),
      run: (pair, waitedFor) => this.#runPair(pair, waitedFor),
    });
    if (!this.#options.signal.aborted) this.#tellSpared(outcomes);
    return outcomes;
  }

  #interrupts(pair: Pair<Live>): boolean {
    return pair.step.interrupts?.(this.#site, pair.host, this.#changing.get(pair.host) ?? new Set()) ?? false;
  }

  /** Says which hosts were not interrupted since others of their group that were have failed. */
  #tellSpared(outcomes: ReadonlyMap<string, PairOutcome>): void {
    for (const { hosts } of this.#options.turns ?? []) {
      const failed = hosts.filter((host) => this.errors.has(host));
      const waiting = this.#pairs.filter((pair) => outcomes.get(pair.key) === "skipped" && hosts.includes(pair.host));
      const spared = new Set(waiting.filter((pair) => !failed.includes(pair.host) && this.#interrupts(pair)).map(({ host }) => host));
      if (failed.length === 0 || spared.size === 0) continue;
      this.#options.emit({
        type: "notice",
        message: `${[...spared].join(", ")}: left as they are, since they would have been interrupted next and ${failed.join(", ")} failed`,
        hint: "put right what failed, then run the same command again: it goes on where it stopped",
      });
    }
  }

  /** Resolves to whether there was something to do. */
  async #runPair(pair: Pair<Live>, waitedFor: Place | undefined): Promise<boolean> {
    const { emit } = this.#options;
    const at = { host: pair.host, step: pair.step.id };
    const began = Date.now();
    const seconds = () => (Date.now() - began) / 1000;
    let started = false;
    const say = this.#sayer(pair);
    try {
      let diff = this.#diffs.get(pair.key) ?? this.#diff(pair);
      if (pair.step.needsLive && this.#stale) {
        await this.#rereadLive();
        diff = await this.#lookAgain(pair);
      } else if (diff.items.some(({ differences }) => differences.some(({ unsure }) => unsure))) {
        diff = await this.#lookAgain(pair);
      }
      if (diff.items.length === 0 && diff.action === undefined) return false;
      emit({ type: "step-started", ...at, title: pair.step.title, readyAt: began, waitedFor });
      started = true;
      this.#stale = true;
      if (diff.items.length > 0) await this.#change(pair, diff, say);
      if (diff.action !== undefined) {
        await pair.step.action?.run({
          site: this.#site,
          host: pair.host,
          vault: this.#vault,
          signal: this.#options.signal,
          reach: (name) => this.#reach(name),
          api: () => this.#needApi(),
          readLive: async () => {
            const reading = await this.#readLive();
            if (reading !== undefined) this.#take(reading);
            return reading?.live;
          },
          say,
        });
      }
      this.#stale = true;
      emit({ type: "step-finished", ...at, seconds: seconds(), changes: diff.items.length });
      return true;
    } catch (cause) {
      const error = cause instanceof KbootError ? cause.at(at) : (cause as Error);
      this.errors.set(pair.host, error);
      if (!started) emit({ type: "step-started", ...at, title: pair.step.title, readyAt: began, waitedFor });
      emit({ type: "step-failed", ...at, seconds: seconds(), error });
      throw error;
    }
  }

  /** Shows beside the step what it waits for; the same text once. */
  #sayer(pair: Pair<Live>): (text: string) => void {
    let said: string | undefined;
    return (text) => {
      if (text !== said) this.#options.emit({ type: "step-progress", host: pair.host, step: pair.step.id, text });
      said = text;
    };
  }

  async #change(pair: Pair<Live>, diff: PairDiff, say: (text: string) => void): Promise<void> {
    const { emit, signal, kinds, clusterKind, cluster } = this.#options;
    if (pair.host === clusterPlace) {
      await clusterKind.change(diff.items, await this.#needApi(), signal);
      return;
    }
    const facts = this.#site.facts.get(pair.host);
    if (facts === undefined) throw new Error(`no facts of ${pair.host}`);
    const recorder = this.#recorders.get(pair.host) ?? new Recorder(cluster.name, facts.state, kinds);
    this.#recorders.set(pair.host, recorder);
    const planned = (this.#pairsOf.get(pair.host) ?? []).flatMap((other) => this.#diffs.get(other.key)?.items ?? []);
    const record = recorder.record(diff.items, planned);
    const context = { vault: this.#vault, artifacts: this.#site.artifacts, now: new Date(), facts };
    const script = await composeChange(pair.step.title, record, diff.items, kinds, context);
    const total = script.payload?.size ?? 0;
    const at = { host: pair.host, step: pair.step.id };
    const result = await this.#reach(pair.host).run(script, {
      signal,
      channel: pair.step.bulk ? "bulk" : "main",
      onBytes: (sent) => emit({ type: "step-bytes", ...at, sent, total }),
      onSay: say,
    });
    if (result.exitCode !== 0) {
      const failed = { label: script.label, exitCode: result.exitCode, stderr: result.stderr };
      throw scriptFailed(`${pair.step.title.toLowerCase()} failed`, failed, { where: at });
    }
    record.confirm();
  }

  /** Live has changed since the plan. */
  async #rereadLive(): Promise<void> {
    const reading = await this.#readLive();
    if (reading === undefined) {
      throw new KbootError("api", "the API of the cluster does not answer", {
        hint: "see `journalctl -u kubelet` and the containers' logs under /var/log/pods on the control plane",
        transient: true,
      });
    }
    this.#take(reading);
  }

  async #lookAgain(pair: Pair<Live>): Promise<PairDiff> {
    if (pair.host === clusterPlace) await this.#observeCluster([pair]);
    else await this.#observe(pair.host, pair.step.resources?.(this.#site, pair.host) ?? []);
    return this.#diff(pair);
  }

  #diff(pair: Pair<Live>): PairDiff {
    const changing = this.#changing.get(pair.host) ?? new Set<string>();
    this.#changing.set(pair.host, changing);
    const diff = diffPair(pair, this.#observed.get(pair.host) ?? new Map(), changing, this.#diffContext());
    this.#diffs.set(pair.key, diff);
    return diff;
  }

  #diffContext() {
    const { kinds, clusterKind, judgedAt } = this.#options;
    return { site: this.#site, now: judgedAt ?? this.#site.now, vault: this.#vault, kinds, clusterKind };
  }

  #take(reading: LiveReading<Live>): void {
    this.#site = { ...this.#site, live: reading.live };
    this.#api = reading.api;
  }

  async #needApi(): Promise<Api> {
    if (this.#api === undefined) {
      const reading = await this.#readLive();
      if (reading !== undefined) this.#take(reading);
    }
    if (this.#api === undefined) throw new KbootError("api", "the API of the cluster does not answer", { transient: true });
    return this.#api;
  }

  #reach(name: string): Host {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new KbootError("unreachable", "the host was not reached", { where: { host: name } });
    return host;
  }

  async #observeHosts(site: Site<Live>): Promise<void> {
    await Promise.all(
      [...this.#hosts.keys()].map((name) =>
        this.#observe(
          name,
          (this.#pairsOf.get(name) ?? []).flatMap((pair) => pair.step.resources?.(site, name) ?? []),
          { onlyNew: true },
        ),
      ),
    );
  }

  async #observe(name: string, resources: readonly AnyResource[], options = { onlyNew: false }): Promise<void> {
    const { kinds, signal } = this.#options;
    const seen = this.#observed.get(name) ?? new Map<string, unknown>();
    this.#observed.set(name, seen);
    const wanted = options.onlyNew ? resources.filter((resource) => !seen.has(kindOf(kinds, resource).id(resource))) : resources;
    for (const [id, value] of await observeHost(this.#reach(name), wanted, kinds, this.#vault, signal)) seen.set(id, value);
  }

  /** `pairs` are those of the cluster, or some of them. */
  async #observeCluster(pairs: readonly Pair<Live>[]): Promise<void> {
    const resources = pairs.flatMap((pair) => pair.step.resources?.(this.#site, clusterPlace) ?? []);
    if (resources.length === 0 || this.#api === undefined) return;
    const seen = this.#observed.get(clusterPlace) ?? new Map<string, unknown>();
    this.#observed.set(clusterPlace, seen);
    for (const [id, value] of await this.#options.clusterKind.observe(resources, this.#api, this.#options.signal)) seen.set(id, value);
  }
}
