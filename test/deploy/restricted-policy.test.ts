import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Manifest } from "../support/chart.ts";
import { restrictedViolations } from "../support/restricted-policy.ts";

/** A pod that the restricted level admits. */
const sound = (): Manifest => ({
  securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
  containers: [
    {
      name: "c",
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      ports: [{ containerPort: 8080 }],
      livenessProbe: { httpGet: { path: "/", port: 1 } },
    },
  ],
  volumes: [
    { name: "tmp", emptyDir: {} },
    { name: "model", image: { reference: "x" } },
  ],
});

/** One failing sample per rule of the level. */
const samples: [rule: string, spoil: (pod: Manifest) => void, found: string][] = [
  ["host network", (pod) => (pod.hostNetwork = true), "host namespace: hostNetwork"],
  ["host processes", (pod) => (pod.hostPID = true), "host namespace: hostPID"],
  ["host IPC", (pod) => (pod.hostIPC = true), "host namespace: hostIPC"],
  ["an unsafe sysctl", (pod) => (pod.securityContext.sysctls = [{ name: "kernel.msgmax", value: "1" }]), "sysctl: kernel.msgmax"],
  ["a hostPath volume", (pod) => pod.volumes.push({ name: "h", hostPath: { path: "/" } }), "volume type: hostPath"],
  ["a volume type outside the list", (pod) => pod.volumes.push({ name: "n", nfs: {} }), "volume type: nfs"],
  ["a privileged container", (pod) => (pod.containers[0].securityContext.privileged = true), "privileged (c)"],
  ["an unmasked /proc", (pod) => (pod.containers[0].securityContext.procMount = "Unmasked"), "procMount (c)"],
  ["a host port", (pod) => (pod.containers[0].ports[0].hostPort = 8080), "hostPort (c)"],
  ["a probe of another host", (pod) => (pod.containers[0].livenessProbe.httpGet.host = "10.0.0.1"), "host of a probe or hook (c)"],
  [
    "a hook that calls another host",
    (pod) => (pod.containers[0].lifecycle = { preStop: { tcpSocket: { host: "10.0.0.1", port: 1 } } }),
    "host of a probe or hook (c)",
  ],
  ["AppArmor off", (pod) => (pod.containers[0].securityContext.appArmorProfile = { type: "Unconfined" }), "AppArmor (c)"],
  ["an SELinux user", (pod) => (pod.securityContext.seLinuxOptions = { user: "sysadm_u" }), "SELinux (c)"],
  [
    "privilege escalation left open",
    (pod) => delete pod.containers[0].securityContext.allowPrivilegeEscalation,
    "allowPrivilegeEscalation (c)",
  ],
  ["capabilities kept", (pod) => (pod.containers[0].securityContext.capabilities.drop = ["KILL"]), "capabilities: drop ALL (c)"],
  ["a capability added", (pod) => (pod.containers[0].securityContext.capabilities.add = ["SYS_ADMIN"]), "capabilities: add SYS_ADMIN (c)"],
  ["a container that may be root", (pod) => (pod.containers[0].securityContext.runAsNonRoot = false), "runAsNonRoot (c)"],
  ["root by number", (pod) => (pod.securityContext.runAsUser = 0), "runAsUser 0 (c)"],
  ["no seccomp profile", (pod) => delete pod.securityContext.seccompProfile, "seccomp (c)"],
  [
    "an init container that breaks a rule",
    (pod) => (pod.initContainers = [{ name: "i", securityContext: { allowPrivilegeEscalation: true, capabilities: { drop: ["ALL"] } } }]),
    "allowPrivilegeEscalation (i)",
  ],
];

describe("restrictedViolations(pod)", () => {
  it("finds nothing in a pod that keeps every rule", () => assert.deepEqual(restrictedViolations(sound()), []));
  for (const [rule, spoil, found] of samples) {
    it(`finds ${rule}`, () => {
      const pod = sound();
      spoil(pod);
      assert.deepEqual(restrictedViolations(pod), [found]);
    });
  }
});
