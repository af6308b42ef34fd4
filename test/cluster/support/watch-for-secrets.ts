import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { type Lab, onHost } from "./lab.ts";

/** A process in whose command line or environment a secret stood. */
export interface Sighting {
  readonly pid: number;
  /** Names of the programs that its parent and itself ran: `dash`, `kboot`. */
  readonly parent: string;
  readonly name: string;
  readonly where: "cmdline" | "environ";
  /** Samples in which the secret stood there, those of them after one in which it no longer did, and all in which it did not. */
  readonly seen: number;
  readonly again: number;
  readonly clean: number;
  /** CPU time that the process had used when the secret was seen last. */
  readonly cpuMs: number;
}

export interface Watch {
  /** Ends it; how many samples were taken, and what was seen. */
  end(): Promise<{ readonly samples: number; readonly sightings: readonly Sighting[] }>;
}

/**
 * Samples every process each 50 ms, by itself about as long. Its standard input has the secrets, a line each; beside these it looks for whatever has the
 * form of a bootstrap token. With a process id as its second argument, below that process alone.
 */
const program = String.raw`
use strict;
my ($stop, $under) = @ARGV;
chomp(my @secrets = <STDIN>);
my $secret = join '|', map { quotemeta } @secrets;
my $wanted = qr/(?<![a-z0-9.-])[a-z0-9]{6}\.[a-z0-9]{16}(?![a-z0-9.-])/;
$wanted = qr/$secret|$wanted/ if @secrets;
my ($samples, %of) = (0);
sub slurp { local $/; open my $in, '<', $_[0] or return; return scalar <$in> }
sub stat_of { my $text = slurp("/proc/$_[0]/stat") or return; $text =~ /.*\) (.*)/s or return; return split / /, $1 }
sub program_of { my $path = readlink "/proc/$_[0]/exe"; return defined $path ? $path =~ s{.*/}{}r : '' }
sub all_below { my $pid = shift; return ($pid, map { all_below($_) } map { split ' ', slurp($_) // '' } glob "/proc/$pid/task/*/children") }
until (-e $stop) {
  $samples++;
  my @pids = grep { $_ != $$ } $under ? all_below($under) : map { m{(\d+)} } glob '/proc/[0-9]*';
  for my $file (map { ("/proc/$_/cmdline", "/proc/$_/environ") } @pids) {
    my ($pid, $where) = $file =~ m{(\d+)/(\w+)};
    my $text = slurp($file);
    next unless defined $text && $text ne '';
    my $one = $of{$file} //= { seen => 0, clean => 0 };
    if ($text !~ $wanted) { $one->{clean}++; next }
    my @stat = stat_of($pid) or next;
    $one->{before} //= $one->{clean};
    $one->{again}++ if $one->{clean} > $one->{before};
    @$one{qw(pid name parent where cpu)} = ($pid, program_of($pid), program_of($stat[1]), $where, 10 * ($stat[11] + $stat[12]));
    $one->{seen}++;
  }
  select undef, undef, undef, 0.05;
}
print "$samples\n";
for my $one (grep { $_->{seen} } values %of) {
  print join("\t", @$one{qw(pid parent name where seen)}, $one->{again} // 0, @$one{qw(clean cpu)}), "\n";
}
`;

function read(text: string): Awaited<ReturnType<Watch["end"]>> {
  const [samples = "0", ...lines] = text.trim().split("\n");
  const sightings = lines.map((line): Sighting => {
    const [pid, parent = "", name = "", where, ...numbers] = line.split("\t");
    const [seen = 0, again = 0, clean = 0, cpuMs = 0] = numbers.map(Number);
    return { pid: Number(pid), parent, name, where: where as Sighting["where"], seen, again, clean, cpuMs };
  });
  return { samples: Number(samples), sightings };
}

/** Watches a host. `secrets`: of one line each. */
export async function watchHost(set: Lab, host: string, secrets: readonly string[]): Promise<Watch> {
  const folder = (await onHost(set, host, "mktemp -d")).trim();
  await onHost(set, host, `cat > ${folder}/watch.pl <<'EOF'\n${program}EOF\n`);
  const watching = onHost(set, host, `perl ${folder}/watch.pl ${folder}/stop <<'EOF'\n${secrets.join("\n")}\nEOF\nrm -r ${folder}`);
  return {
    async end() {
      await onHost(set, host, `touch ${folder}/stop`);
      return read(await watching);
    },
  };
}

/** Watches a process of this machine and all below it. */
export async function watchProcess(pid: number): Promise<Watch> {
  const folder = await mkdtemp(join(tmpdir(), "kboot-watch-"));
  await writeFile(join(folder, "watch.pl"), program);
  const watching = execa("perl", [join(folder, "watch.pl"), join(folder, "stop"), String(pid)], { input: "" });
  return {
    async end() {
      await writeFile(join(folder, "stop"), "");
      const { stdout } = await watching;
      await rm(folder, { recursive: true });
      return read(stdout);
    },
  };
}
