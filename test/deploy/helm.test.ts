import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { parse } from "yaml";
import { configSchema } from "../../src/config/schema.ts";
import { CHART, helm, type Manifest, podsOf, render } from "../support/chart.ts";
import { restrictedViolations } from "../support/restricted-policy.ts";

const set = (...pairs: string[]) => pairs.flatMap((pair) => ["--set", pair]);
const gpu = ["--values", `${CHART}/values-gpu.yaml`];
const monitored = [...set("serviceMonitor.enabled=true"), "--api-versions", "monitoring.coreos.com/v1"];

const withStates = ["--set-json", 'config.states={"scales":{"kind":"runningScale","judges":["chat-reward"]}}'];

/** What people turn on and off, each rendered for the oldest supported, a middle and the newest Kubernetes. */
const VARIANTS: Record<string, string[]> = {
  cpu: [],
  gpu,
  autoscaled: set("autoscaling.enabled=true"),
  "one pod": set("replicaCount=1"),
  "without budget": set("podDisruptionBudget.enabled=false"),
  bare: set("podDisruptionBudget.enabled=false", "networkPolicy.enabled=false", "service.headless=false", "serviceAccount.create=false"),
  monitored,
  "states in Redis": [
    ...withStates,
    ...set("config.state.store.type=redis", "config.state.store.url=redis://redis:6379", "state.redisSecret=redis-password"),
    "--set-json",
    'networkPolicy.egress=[{"to":[{"podSelector":{"matchLabels":{"app":"redis"}}}],"ports":[{"port":6379}]}]',
  ],
  "states in a volume": [...withStates, ...set("replicaCount=1", "state.volumeClaim=runs")],
  configured: set("config.server.drainTimeoutSeconds=20", "config.log.level=debug", "config.cache.maxBytes=0"),
};
const withVolumes = [
  "--set-json",
  'volumes=[{"name":"judge","image":{"reference":"registry.example/judge@sha256:0"}},{"name":"keys","secret":{"secretName":"keys"}}]',
  "--set-json",
  'volumeMounts=[{"name":"judge","mountPath":"/models/judge","readOnly":true},{"name":"keys","mountPath":"/run/secrets/keys","readOnly":true}]',
];
VARIANTS["volumes of its user's"] = withVolumes;
const KUBERNETES = ["1.30.0", "1.33.0", "1.35.0"];

const only = (manifests: readonly Manifest[], kind: string, suffix = ""): Manifest => {
  const found = manifests.filter((manifest) => manifest.kind === kind && manifest.metadata.name === `rg-rewardgate${suffix}`);
  assert.equal(found.length, 1, `${kind} rg-rewardgate${suffix}`);
  return found[0];
};
const kinds = (manifests: readonly Manifest[]) => manifests.map((manifest) => manifest.kind);
const containerOf = (manifests: readonly Manifest[]) => only(manifests, "Deployment").spec.template.spec.containers[0];

describe("the chart", () => {
  // Fetches helm once, before tests run side by side.
  before(() => helm("version"));

  it("passes helm lint --strict with CPU and with GPU values", async () => {
    for (const args of [[], gpu]) {
      const { code, stdout, stderr } = await helm("lint", "--strict", CHART, ...args);
      assert.equal(code, 0, stdout + stderr);
    }
  });

  for (const [variant, args] of Object.entries(VARIANTS)) {
    it(`renders "${variant}" for Kubernetes ${KUBERNETES.join(", ")}, and every pod meets the restricted level`, async () => {
      const rendered = await Promise.all(KUBERNETES.map((version) => render(...args, "--kube-version", version)));
      for (const manifests of rendered) {
        const pods = podsOf(manifests);
        assert.deepEqual(
          pods.map(({ name }) => name),
          ["Deployment/rg-rewardgate", "Pod/rg-rewardgate-score"],
        );
        for (const { name, spec } of pods) {
          assert.deepEqual(restrictedViolations(spec), [], name);
          assert.equal(spec.automountServiceAccountToken, false, name);
          for (const container of spec.containers) {
            assert.equal(container.securityContext.readOnlyRootFilesystem, true, name);
            assert.ok(container.resources.limits.memory, name);
            assert.doesNotMatch(container.image, /:latest$|^[^:@]+$/, name);
          }
          for (const volume of spec.volumes ?? []) if (volume.emptyDir) assert.ok(volume.emptyDir.sizeLimit, name);
        }
        for (const manifest of manifests) {
          assert.equal(manifest.metadata.namespace, undefined, "the release decides the namespace");
          assert.equal(manifest.metadata.labels["app.kubernetes.io/instance"], "rg");
        }
      }
    });
  }

  it("is refused by a Kubernetes too old for a preStop sleep", async () => {
    await assert.rejects(render("--kube-version", "1.29.0"), /incompatible with Kubernetes/);
  });

  it("probes the admin port: /startupz, /livez, /readyz", async () => {
    const container = containerOf(await render());
    const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
    assert.deepEqual(
      probes.map((probe) => probe.httpGet),
      ["/startupz", "/livez", "/readyz"].map((path) => ({ path, port: "admin" })),
    );
    assert.deepEqual(
      container.ports.map((port: Manifest) => [port.name, port.containerPort]),
      [
        ["http", 8080],
        ["grpc", 50051],
        ["admin", 9090],
      ],
    );
  });

  it("follows ports that the configuration moves", async () => {
    const container = containerOf(await render(...set("config.server.grpc.port=6000")));
    assert.equal(container.ports[1].containerPort, 6000);
  });

  it("refuses variables that would move a port away from probes and services", async () => {
    for (const listener of ["http", "grpc", "admin"]) {
      const variable = `REWARDGATE_${listener.toUpperCase()}_PORT`;
      const moved = render("--set-json", `env=[{"name":"${variable}","value":"6000"}]`);
      await assert.rejects(moved, new RegExp(`env sets ${variable}, .* set config\\.server\\.${listener}\\.port`));
    }
    const others = containerOf(await render("--set-json", 'env=[{"name":"REWARDGATE_LOG_LEVEL","value":"debug"}]')).env;
    assert.deepEqual(others.at(-1), { name: "REWARDGATE_LOG_LEVEL", value: "debug" });
  });

  it("gives a pod preStop + drain + 10 seconds to stop, over 20 sets of values", async () => {
    const cases = [1, 5, 15, 30].flatMap((preStop) => [0, 3, 45, 60, 120.5].map((drain) => [preStop, drain] as const));
    for (const [preStop, drain] of cases) {
      const manifests = await render(
        ...set(`shutdown.preStopSeconds=${preStop}`),
        "--set-json",
        `config.server.drainTimeoutSeconds=${drain}`,
      );
      const { terminationGracePeriodSeconds, containers } = only(manifests, "Deployment").spec.template.spec;
      assert.equal(terminationGracePeriodSeconds, preStop + Math.ceil(drain) + 10);
      assert.equal(containers[0].lifecycle.preStop.sleep.seconds, preStop);
    }
  });

  it("takes the drain time that the configuration has by default", async () => {
    const shipped = configSchema.parse(parse(only(await render(), "ConfigMap").data["rewardgate.yaml"]));
    const { terminationGracePeriodSeconds } = only(await render(), "Deployment").spec.template.spec;
    assert.equal(terminationGracePeriodSeconds, 15 + shipped.server.drainTimeoutSeconds + 10);
  });

  it("refuses a grace period that is too short and takes a longer one", async () => {
    await assert.rejects(render(...set("shutdown.terminationGracePeriodSeconds=69")), /at least 70 is needed/);
    const manifests = await render(...set("shutdown.terminationGracePeriodSeconds=120"));
    assert.equal(only(manifests, "Deployment").spec.template.spec.terminationGracePeriodSeconds, 120);
  });

  it("lays values over the shipped configuration, and restarts pods when the result changes", async () => {
    const [plain, changed] = await Promise.all([render(), render(...VARIANTS.configured!)]);
    const config = (manifests: Manifest[]) => configSchema.parse(parse(only(manifests, "ConfigMap").data["rewardgate.yaml"]));
    const shipped = configSchema.parse(parse(readFileSync("rewardgate.yaml", "utf8")));
    assert.deepEqual(config(plain), shipped);
    assert.deepEqual(config(changed), {
      ...shipped,
      server: { ...shipped.server, drainTimeoutSeconds: 20 },
      log: { ...shipped.log, level: "debug" },
      cache: { ...shipped.cache, maxBytes: 0 },
    });
    const checksum = (manifests: Manifest[]) => only(manifests, "Deployment").spec.template.metadata.annotations["checksum/config"];
    assert.match(checksum(plain), /^[0-9a-f]{64}$/);
    assert.notEqual(checksum(plain), checksum(changed));
  });

  it("puts a backend, a judge and a panel of another form in the place of a shipped one, whose keys they do not have", async () => {
    const given = {
      backends: { local: { type: "openai", url: "http://llm:8000/v1", model: "m" }, cpu: { type: "onnx" } },
      judges: { "chat-reward": { rule: "math" }, "chat-objectives": { backend: "cpu" }, "chat-group": { backend: "cpu" } },
      panels: { strict: { routes: [{ when: { domain: "code" }, panel: "reward" }], otherwise: "chat" } },
    };
    const manifests = await render("--set-json", `config=${JSON.stringify(given)}`);
    const config = parse(only(manifests, "ConfigMap").data["rewardgate.yaml"]);
    assert.deepEqual(config.backends, given.backends);
    assert.deepEqual(config.judges["chat-reward"], { rule: "math" });
    assert.deepEqual(config.judges["chat-objectives"], { bundle: "models/chat-objectives", backend: "cpu", overlong: "truncate" });
    assert.deepEqual(config.panels.strict, given.panels.strict);
    assert.ok(configSchema.safeParse(config).success);
  });

  it("has nothing of the shipped configuration where it is told so", async () => {
    const given = {
      judges: { sums: { rule: "math" } },
      panels: { sums: { members: [{ judge: "sums", weight: 1 }], aggregation: { method: "weightedSum" } } },
    };
    const manifests = await render("--set", "shippedConfig=false", "--set-json", `config=${JSON.stringify(given)}`);
    const config = parse(only(manifests, "ConfigMap").data["rewardgate.yaml"]);
    assert.deepEqual(config, { apiVersion: "rewardgate/v1", ...given });
    assert.ok(configSchema.safeParse(config).success);
    // `helm test` asked a panel that only the shipped configuration has.
    const [script] = only(manifests, "Pod", "-score").spec.containers[0].args;
    assert.match(script, /\/v1\/panels/);
    assert.doesNotMatch(script, /chat/);
  });

  it("refuses an address of a listener, over which the image's own goes", async () => {
    for (const listener of ["http", "grpc", "admin"]) {
      const moved = render("--set-string", `config.server.${listener}.host=::`);
      await assert.rejects(moved, new RegExp(`config\\.server\\.${listener}\\.host would not be heard: .* set that in env`));
    }
    await render("--set-string", "config.server.http.host=0\\.0\\.0\\.0");
    const env = '[{"name":"REWARDGATE_HOST","value":"::"}]';
    assert.deepEqual(containerOf(await render("--set-json", `env=${env}`)).env.at(-1), { name: "REWARDGATE_HOST", value: "::" });
  });

  it("asks for GPUs only with GPU values, requests equal to limits", async () => {
    const [cpu, withGpu] = await Promise.all([render(), render(...gpu)]);
    assert.equal(containerOf(cpu).resources.limits["nvidia.com/gpu"], undefined);
    for (const manifests of [cpu, withGpu]) {
      const { requests, limits } = containerOf(manifests).resources;
      assert.deepEqual(requests, limits);
      assert.match(String(limits.cpu), /^\d+$/, "one inference thread per whole core");
    }
    assert.equal(containerOf(withGpu).resources.limits["nvidia.com/gpu"], 1);
    assert.match(containerOf(withGpu).image, /-cuda$/);
    const config = configSchema.parse(parse(only(withGpu, "ConfigMap").data["rewardgate.yaml"]));
    for (const backend of Object.values(config.backends)) assert.match(String(backend.type === "onnx" && backend.device), /^cuda/);
  });

  it("refuses GPUs that no backend would use", async () => {
    await assert.rejects(render(...set("gpu.count=1")), /gpu\.count is 1, and the backends of the configuration use 0: name as many/);
    await assert.rejects(render(...gpu, ...set("gpu.count=2")), /gpu\.count is 2, and .* use 1/);
    const devices = ["--set-json", 'config.backends.local.device=["cuda:0","cuda:1"]'];
    assert.equal(containerOf(await render(...gpu, ...set("gpu.count=2"), ...devices)).resources.limits["nvidia.com/gpu"], 2);
    const automatic = set("gpu.count=1", "config.backends.local.device=auto");
    assert.equal(containerOf(await render(...automatic)).resources.requests["nvidia.com/gpu"], 1);
  });

  it("names the application protocols of its ports and keeps the admin port in a service of its own", async () => {
    const manifests = await render();
    const ports = (suffix: string) => only(manifests, "Service", suffix).spec.ports.map((port: Manifest) => [port.name, port.appProtocol]);
    assert.deepEqual(ports(""), [
      ["http", "http"],
      ["grpc", "kubernetes.io/h2c"],
    ]);
    assert.deepEqual(ports("-headless"), [["grpc", "kubernetes.io/h2c"]]);
    assert.equal(only(manifests, "Service", "-headless").spec.clusterIP, "None");
    assert.deepEqual(ports("-admin"), [["admin", "http"]]);
    assert.equal(only(await render(...set("service.type=LoadBalancer")), "Service", "-admin").spec.type, "ClusterIP");
  });

  it("scales on queued work, never on CPU, and leaves the number of pods to the autoscaler", async () => {
    const manifests = await render(...VARIANTS.autoscaled!);
    const { spec } = only(manifests, "HorizontalPodAutoscaler");
    assert.deepEqual(
      spec.metrics.map((metric: Manifest) => metric.pods?.metric.name),
      ["rewardgate_backlog_seconds"],
    );
    assert.equal(spec.minReplicas, 2);
    assert.equal(spec.behavior.scaleDown.stabilizationWindowSeconds, 300);
    assert.equal(only(manifests, "Deployment").spec.replicas, undefined);
    assert.ok(!kinds(await render()).includes("HorizontalPodAutoscaler"));
  });

  it("takes a backlog as --set gives it, as text, and none of nothing", async () => {
    for (const target of ["2", "0.5", "1.25", "500m"]) {
      const manifests = await render(...set("autoscaling.enabled=true", `autoscaling.targetBacklogSeconds=${target}`));
      assert.equal(only(manifests, "HorizontalPodAutoscaler").spec.metrics[0].pods.target.averageValue, target);
    }
    for (const target of ["0", "0m", "0.0", "soon"]) {
      await assert.rejects(
        render(...set("autoscaling.enabled=true", `autoscaling.targetBacklogSeconds=${target}`)),
        /targetBacklogSeconds/,
        target,
      );
    }
  });

  it("has no disruption budget over a single pod, which would block its node's drain", async () => {
    assert.equal(only(await render(), "PodDisruptionBudget").spec.maxUnavailable, 1);
    for (const args of [VARIANTS["one pod"]!, VARIANTS["without budget"]!, set("autoscaling.enabled=true", "autoscaling.minReplicas=1")]) {
      assert.ok(!kinds(await render(...args)).includes("PodDisruptionBudget"), args.join(" "));
    }
  });

  it("lets traffic out to DNS alone and in only from peers", async () => {
    const { spec } = only(await render(), "NetworkPolicy");
    assert.deepEqual(spec.policyTypes, ["Ingress", "Egress"]);
    for (const rule of spec.egress) assert.ok(rule.ports.every((port: Manifest) => port.port === 53));
    for (const rule of spec.ingress) assert.ok(rule.from.length > 0 && rule.ports.length > 0);
    assert.doesNotMatch(JSON.stringify(spec), /0\.0\.0\.0|ipBlock/);
  });

  it("keeps the states of runs where pods share them: a Redis that they may reach, with its password in a file", async () => {
    const manifests = await render(...VARIANTS["states in Redis"]!);
    const { containers, volumes } = only(manifests, "Deployment").spec.template.spec;
    const mount = containers[0].volumeMounts.find((each: Manifest) => each.mountPath === "/run/secrets/redis");
    assert.equal(mount.readOnly, true);
    assert.deepEqual(volumes.find((each: Manifest) => each.name === mount.name).secret, { secretName: "redis-password" });
    assert.equal(only(manifests, "NetworkPolicy").spec.egress[1].ports[0].port, 6379);
    assert.doesNotMatch(JSON.stringify(containers[0].env), /REWARDGATE_STATE/);
    const { state, states } = configSchema.parse(parse(only(manifests, "ConfigMap").data["rewardgate.yaml"]));
    assert.equal(state.store.type, "redis");
    assert.deepEqual(Object.keys(states), ["scales"]);
  });

  it("keeps the states of a single pod in its volume, and never runs two pods on it", async () => {
    const { strategy, template } = only(await render(...VARIANTS["states in a volume"]!), "Deployment").spec;
    assert.deepEqual(strategy, { type: "Recreate" });
    const [container] = template.spec.containers;
    const mount = container.volumeMounts.find((each: Manifest) => each.name === "state");
    assert.deepEqual(container.env.find((each: Manifest) => each.name === "REWARDGATE_STATE_PATH").value, mount.mountPath);
    assert.deepEqual(template.spec.volumes.find((each: Manifest) => each.name === "state").persistentVolumeClaim, { claimName: "runs" });
    assert.equal(only(await render(), "Deployment").spec.strategy.type, "RollingUpdate");
  });

  it("refuses states that pods would lose or would not share", async () => {
    await assert.rejects(render(...withStates), /needs a place that outlives a pod/);
    await assert.rejects(render(...withStates, ...set("state.volumeClaim=runs")), /pods would not share/);
    await assert.rejects(
      render(...withStates, ...set("state.volumeClaim=runs", "replicaCount=1", "autoscaling.enabled=true")),
      /pods would not share/,
    );
  });

  it("mounts volumes of its user's beside its own: bundles and keys", async () => {
    const { containers, volumes } = only(await render(...withVolumes), "Deployment").spec.template.spec;
    assert.deepEqual(
      volumes.map((volume: Manifest) => volume.name),
      ["config", "tmp", "judge", "keys"],
    );
    const paths = containers[0].volumeMounts.map((mount: Manifest) => mount.mountPath);
    assert.deepEqual(paths, ["/app/rewardgate.yaml", "/tmp", "/models/judge", "/run/secrets/keys"]);
  });

  it("lets the pod of helm test in, whoever else may score", async () => {
    const args = ["--set-json", 'networkPolicy.clients=[{"podSelector":{"matchLabels":{"app":"trainer"}}}]'];
    const manifests = await render(...args);
    const [scoring, metrics] = only(manifests, "NetworkPolicy").spec.ingress;
    const test = manifests.find((manifest) => manifest.kind === "Pod");
    assert.deepEqual(
      scoring.from.map((peer: Manifest) => peer.podSelector.matchLabels),
      [{ app: "trainer" }, test.metadata.labels],
    );
    assert.deepEqual(metrics.from, [{ podSelector: {} }]);
  });

  it("spreads pods over zones and hosts, those of one version among themselves", async () => {
    const { topologySpreadConstraints } = only(await render(), "Deployment").spec.template.spec;
    assert.deepEqual(
      topologySpreadConstraints.map((each: Manifest) => [each.topologyKey, each.whenUnsatisfiable, each.matchLabelKeys]),
      ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((key) => [key, "ScheduleAnyway", ["pod-template-hash"]]),
    );
  });

  it("refuses an autoscaler whose least is more than its most", async () => {
    await assert.rejects(render(...set("autoscaling.enabled=true", "autoscaling.minReplicas=9")), /minReplicas is 9, more than/);
  });

  it("makes a ServiceMonitor only where the cluster knows the kind", async () => {
    assert.ok(kinds(await render(...monitored)).includes("ServiceMonitor"));
    assert.ok(!kinds(await render(...set("serviceMonitor.enabled=true"))).includes("ServiceMonitor"));
  });

  it("selects by labels that no upgrade changes", async () => {
    const { selector } = only(await render(), "Deployment").spec;
    assert.deepEqual(Object.keys(selector.matchLabels).sort(), [
      "app.kubernetes.io/component",
      "app.kubernetes.io/instance",
      "app.kubernetes.io/name",
    ]);
  });

  it("pins the image by digest when one is given", async () => {
    const digest = `sha256:${"0".repeat(64)}`;
    assert.equal(containerOf(await render(...set(`image.digest=${digest}`))).image, `rewardgate@${digest}`);
  });

  const refused: [what: string, value: string, message: RegExp][] = [
    ["a number written as text", "replicaCount=two", /replicaCount.*want integer/],
    ["an unknown key", "replicas=3", /additional properties 'replicas' not allowed/],
    ["an unknown key of the configuration", "config.server.drainTimeout=3", /additional properties 'drainTimeout' not allowed/],
    ["a wrong type in the configuration", "config.server.drainTimeoutSeconds=long", /drainTimeoutSeconds.*want number/],
    ["a tag that moves", "image.tag=latest", /image\/tag/],
    ["a digest that is none", "image.digest=sha256:12", /image\/digest/],
    ["half a GPU", "gpu.count=0.5", /gpu\/count.*want integer/],
    ["a volume of the host", "volumes[0].name=host,volumes[0].hostPath.path=/", /volumes\/0/],
    ["a volume named like one of the chart's", "volumes[0].name=tmp", /volumes\/0\/name/],
    ["half a core", "resources.limits.cpu=500m", /resources\/limits\/cpu/],
  ];
  for (const [what, value, message] of refused) {
    it(`refuses ${what}: ${value}`, () => assert.rejects(render(...set(value)), message));
  }

  it("prints three first commands with this release's names", async () => {
    // `helm template` leaves NOTES.txt out; a dry run of the client renders it.
    const { stdout, stderr, code } = await helm(
      "install",
      "rg",
      CHART,
      "--namespace",
      "scoring",
      "--dry-run=client",
      "--disable-openapi-validation",
    );
    assert.equal(code, 0, stderr);
    const notes = stdout.slice(stdout.indexOf("NOTES:"));
    for (const command of [
      "rollout status deployment/rg-rewardgate",
      "port-forward service/rg-rewardgate 8080:80",
      "curl -s localhost:8080/v1/score",
    ]) {
      assert.ok(notes.includes(command), notes);
    }
    assert.match(notes, /stops within 70 s/);
  });
});
