/**
 * sh that prints what a node's parts say when they fail, of the last `seconds` alone, since what was said before may be mended: units that do not
 * stay up, the last words of etcd and the API server (those they die of), and what the kubelet complains about. Prints nothing when all is well.
 */
export function symptomsScript(seconds: number, root = ""): string {
  return `for unit in containerd kubelet; do
  state=$(systemctl show "$unit.service" -p ActiveState --value 2>/dev/null) || continue
  restarts=$(systemctl show "$unit.service" -p NRestarts --value 2>/dev/null)
  case $state in failed) ;; *) [ "\${restarts:-0}" -ge 2 ] || continue ;; esac
  echo "$unit.service: Failed, and was started again \${restarts:-0} times"
  journalctl -u "$unit.service" -n 20 -o cat --no-pager 2>/dev/null
done
for name in etcd kube-apiserver; do
  find ${root}/var/log/pods -path "*/kube-system_$name-*/$name/*.log" -newermt '${seconds} seconds ago' 2>/dev/null |
    while IFS= read -r log; do
      tail -n 40 "$log" | grep -E '"level":"(fatal|panic)"|panic: |etcdserver\\.bootstrap\\(| F[0-9]{4} |Error: ' | tail -n 5
    done
done
journalctl -t kubelet --since=-${seconds}s -o cat --no-pager 2>/dev/null | grep -v 'command failed' | tail -n 60
true
`;
}
