{{/* What the restricted pod security standard asks of a pod, and of a container. */}}
{{- define "rewardgate.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "rewardgate.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
{{- end -}}

{{/* The configuration as the pod reads it: the shipped file, or nothing but its version, with the chart's values laid over it. What is given another form takes a shipped entry's place. */}}
{{- define "rewardgate.config" -}}
{{- $shipped := .Files.Get "files/rewardgate.yaml" | fromYaml -}}
{{- $given := deepCopy .Values.config -}}
{{- range $name, $backend := $given.backends -}}
{{- if and $backend.type (ne $backend.type (dig $name "type" "" $shipped.backends)) }}{{ $_ := unset $shipped.backends $name }}{{ end -}}
{{- end -}}
{{- range $name, $judge := $given.judges -}}
{{- if or $judge.rule $judge.kind }}{{ $_ := unset $shipped.judges $name }}{{ end -}}
{{- end -}}
{{- range $name, $panel := $given.panels -}}
{{- if $panel.routes }}{{ $_ := unset $shipped.panels $name }}{{ end -}}
{{- end -}}
{{- range $listener := list "http" "grpc" "admin" -}}
{{- if not (has (dig "server" $listener "host" "" $given) (list "" "0.0.0.0")) -}}
{{- fail (printf "config.server.%s.host would not be heard: the image's REWARDGATE_HOST, 0.0.0.0, goes over it; set that in env" $listener) -}}
{{- end -}}
{{- end -}}
{{- if not .Values.shippedConfig }}{{ $shipped = pick $shipped "apiVersion" }}{{ end -}}
{{- mustMergeOverwrite $shipped $given | toYaml -}}
{{- end -}}

{{/* Whether there is the panel that the test and the notes ask; of another nobody knows here which items suit it. */}}
{{- define "rewardgate.hasChat" -}}
{{- $config := include "rewardgate.config" . | fromYaml -}}
{{- if hasKey ($config.panels | default dict) "chat" }}true{{ end -}}
{{- end -}}

{{/* Port of a listener: (list . "http" 8080). Of a variable that goes over the configuration neither probes nor services would hear. */}}
{{- define "rewardgate.port" -}}
{{- $listener := index . 1 -}}
{{- $variable := printf "REWARDGATE_%s_PORT" (upper $listener) -}}
{{- range (index . 0).Values.env -}}
{{- if eq .name $variable -}}
{{- fail (printf "env sets %s, which probes and services would not follow: set config.server.%s.port" $variable $listener) -}}
{{- end -}}
{{- end -}}
{{- $config := include "rewardgate.config" (index . 0) | fromYaml -}}
{{- dig "server" (index . 1) "port" (index . 2) $config | int -}}
{{- end -}}

{{/* Seconds that requests in flight are given after the signal to stop. */}}
{{- define "rewardgate.drainSeconds" -}}
{{- $config := include "rewardgate.config" . | fromYaml -}}
{{- dig "server" "drainTimeoutSeconds" 45 $config | ceil | int -}}
{{- end -}}

{{/* A pod killed before it has drained loses requests, so the sum is a floor. */}}
{{- define "rewardgate.gracePeriodSeconds" -}}
{{- $least := add .Values.shutdown.preStopSeconds (include "rewardgate.drainSeconds" . | int) 10 | int -}}
{{- $given := .Values.shutdown.terminationGracePeriodSeconds -}}
{{- if kindIs "invalid" $given -}}
{{- $least -}}
{{- else if lt (int $given) $least -}}
{{- fail (printf "shutdown.terminationGracePeriodSeconds is %d; at least %d is needed: preStopSeconds + the configuration's drain time + 10" (int $given) $least) -}}
{{- else -}}
{{- int $given -}}
{{- end -}}
{{- end -}}

{{/* Whether the states of runs are kept in a folder. Refuses one that pods would lose, or that they would not share. */}}
{{- define "rewardgate.embeddedState" -}}
{{- $config := include "rewardgate.config" . | fromYaml -}}
{{- if and $config.states (ne (dig "state" "store" "type" "embedded" $config) "redis") -}}
{{- if not .Values.state.volumeClaim -}}
{{- fail "config.states needs a place that outlives a pod: set config.state.store to a Redis, or state.volumeClaim with one pod" -}}
{{- end -}}
{{- if or .Values.autoscaling.enabled (gt (int .Values.replicaCount) 1) -}}
{{- fail "pods would not share the states of runs in state.volumeClaim: run one pod without autoscaling, or set config.state.store to a Redis" -}}
{{- end -}}
true
{{- end -}}
{{- end -}}

{{/* GPUs of a pod, each of which some backend has to use: nothing would, in silence. */}}
{{- define "rewardgate.gpuCount" -}}
{{- $used := dict -}}
{{- range (include "rewardgate.config" . | fromYaml).backends -}}
{{- range kindIs "slice" .device | ternary .device (list .device) -}}
{{- if and . (ne . "cpu") -}}
{{- $_ := set $used (has . (list "auto" "cuda") | ternary "cuda:0" .) true -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $count := int .Values.gpu.count -}}
{{- if lt (len $used) $count -}}
{{- fail (printf "gpu.count is %d, and the backends of the configuration use %d: name as many in config.backends.*.device, for example cuda, or [cuda:0, cuda:1]" $count (len $used)) -}}
{{- end -}}
{{- $count -}}
{{- end -}}
