import type { Manifest } from "./chart.ts";

/**
 * The restricted level of the Kubernetes pod security standards: what a pod does that the level forbids, one line each.
 *
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export function restrictedViolations(pod: Manifest): string[] {
  const found: string[] = [];
  const ofPod: Manifest = pod.securityContext ?? {};
  const containers: Manifest[] = [...(pod.initContainers ?? []), ...(pod.containers ?? []), ...(pod.ephemeralContainers ?? [])];

  // Baseline.
  for (const field of ["hostNetwork", "hostPID", "hostIPC"]) if (pod[field]) found.push(`host namespace: ${field}`);
  const safeSysctls = new Set([
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
  ]);
  for (const { name } of ofPod.sysctls ?? []) if (!safeSysctls.has(name)) found.push(`sysctl: ${name}`);
  const kinds = new Set([
    "name",
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
    "image",
  ]);
  for (const volume of pod.volumes ?? []) {
    for (const kind of Object.keys(volume)) if (!kinds.has(kind)) found.push(`volume type: ${kind}`);
  }

  for (const container of containers) {
    const of: Manifest = container.securityContext ?? {};
    const say = (rule: string) => found.push(`${rule} (${container.name})`);
    const effective = (field: string) => of[field] ?? ofPod[field];

    if (of.privileged) say("privileged");
    if (of.procMount !== undefined && of.procMount !== "Default") say("procMount");
    for (const port of container.ports ?? []) if (port.hostPort) say("hostPort");
    for (const hook of [
      container.livenessProbe,
      container.readinessProbe,
      container.startupProbe,
      ...Object.values(container.lifecycle ?? {}),
    ]) {
      const action = hook as Manifest;
      if (action?.httpGet?.host !== undefined || action?.tcpSocket?.host !== undefined) say("host of a probe or hook");
    }
    const appArmor = effective("appArmorProfile")?.type;
    if (appArmor !== undefined && !["RuntimeDefault", "Localhost"].includes(appArmor)) say("AppArmor");
    const seLinux = effective("seLinuxOptions");
    if (
      seLinux !== undefined &&
      (seLinux.user ||
        seLinux.role ||
        !["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t", undefined].includes(seLinux.type))
    ) {
      say("SELinux");
    }

    // Restricted.
    if (of.allowPrivilegeEscalation !== false) say("allowPrivilegeEscalation");
    if (!(of.capabilities?.drop ?? []).includes("ALL")) say("capabilities: drop ALL");
    for (const added of of.capabilities?.add ?? []) if (added !== "NET_BIND_SERVICE") say(`capabilities: add ${added}`);
    if (effective("runAsNonRoot") !== true) say("runAsNonRoot");
    if (effective("runAsUser") === 0) say("runAsUser 0");
    if (!["RuntimeDefault", "Localhost"].includes(effective("seccompProfile")?.type)) say("seccomp");
  }
  return found;
}
