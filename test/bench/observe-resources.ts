import { stringify } from "yaml";

/** 30 files in 6 directories, three of them units that run. All belong to root. */
export const folders: readonly string[] = Array.from({ length: 6 }, (_, index) => `/opt/bench/folder-${index}`);

export const units: readonly string[] = [1, 2, 3].map((number) => `bench-${number}.service`);

const unitText = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n";

/** Path and content. */
export const files: readonly (readonly [path: string, content: string])[] = [
  ...units.map((name) => [`/etc/systemd/system/${name}`, unitText] as const),
  ...Array.from(
    { length: 27 },
    (_, index) => [`${folders[index % 6]}/file-${index}`, `setting_${index} = value ${index}\n`.repeat(40)] as const,
  ),
];

/** A play that has these resources, without facts, each host for itself. */
export function ansiblePlaybook(): string {
  return stringify([
    {
      hosts: "all",
      gather_facts: false,
      become: true,
      strategy: "free",
      tasks: [
        { file: { path: "{{ item }}", state: "directory", mode: "0755", owner: "root", group: "root" }, loop: folders },
        {
          copy: { dest: "{{ item.path }}", content: "{{ item.content }}", mode: "0644", owner: "root", group: "root" },
          loop: files.map(([path, content]) => ({ path, content })),
          loop_control: { label: "{{ item.path }}" },
        },
        { systemd: { name: "{{ item }}", state: "started", enabled: true }, loop: units },
      ],
    },
  ]);
}

/** A deploy of pyinfra that has them. */
export function pyinfraDeploy(): string {
  return `import io
from pyinfra.operations import files, systemd

for path in ${JSON.stringify(folders)}:
    files.directory(path=path, mode="755", user="root", group="root", _sudo=True)
for path, content in ${JSON.stringify(files)}:
    files.put(src=io.StringIO(content), dest=path, mode="644", user="root", group="root", _sudo=True)
for name in ${JSON.stringify(units)}:
    systemd.service(service=name, running=True, enabled=True, _sudo=True)
`;
}
