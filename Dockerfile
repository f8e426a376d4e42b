# The gateway with the judges that ship with it.
#   docker build -t rewardgate .                              CPU
#   docker build -t rewardgate:cuda --target cuda .           NVIDIA GPU
# The last two stages are the images. They hold compiled code, packages of production and models, and run without root.

ARG NODE_IMAGE=node:24.21.0-bookworm-slim
# CUDA and cuDNN libraries that ONNX Runtime's CUDA provider links against.
ARG CUDA_IMAGE=nvidia/cuda:13.0.1-cudnn-runtime-ubuntu24.04

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY protos ./protos
COPY src ./src
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
# Native builds for other systems, 250 MB, and for other processors, 30 MB.
RUN rm -rf node_modules/onnxruntime-node/bin/napi-v6/darwin node_modules/onnxruntime-node/bin/napi-v6/win32 \
  node_modules/tokenizers/tokenizers.android* node_modules/tokenizers/tokenizers.darwin* \
  node_modules/tokenizers/tokenizers.win32* node_modules/tokenizers/*-musl.node
RUN arch="$(node -p process.arch)" && cd node_modules && \
  find onnxruntime-node/bin/napi-v6/linux -mindepth 1 -maxdepth 1 ! -name "$arch" -exec rm -rf {} + && \
  find tokenizers -name '*.node' ! -name "*linux-$arch-gnu.node" -delete
# Builds of the chart library for browsers, 51 MB; reports are drawn with its modules.
RUN rm -rf node_modules/echarts/dist

FROM dependencies AS dependencies-cuda
RUN npm run setup:cuda

# What both variants run.
FROM scratch AS application
COPY package.json rewardgate.yaml LICENSE NOTICE /app/
COPY examples/rows /app/examples/rows
COPY protos /app/protos
COPY models /app/models
COPY --from=build /app/dist /app/dist

FROM ${CUDA_IMAGE} AS cuda
COPY --from=dependencies-cuda /usr/local/bin/node /usr/local/bin/node
COPY --from=dependencies-cuda /app/node_modules /app/node_modules
COPY --from=application /app /app
WORKDIR /app
ARG COMMIT=unknown
ENV NODE_ENV=production REWARDGATE_HOST=0.0.0.0 REWARDGATE_COMMIT=${COMMIT}
LABEL org.opencontainers.image.title="rewardgate" org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.description="Reward-model serving gateway" \
  org.opencontainers.image.version="0.1.0" org.opencontainers.image.revision="${COMMIT}"
USER 65532:65532
EXPOSE 8080 50051 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.REWARDGATE_ADMIN_PORT || 9090}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]

FROM ${NODE_IMAGE} AS cpu
COPY --from=dependencies /app/node_modules /app/node_modules
COPY --from=application /app /app
WORKDIR /app
ARG COMMIT=unknown
ENV NODE_ENV=production REWARDGATE_HOST=0.0.0.0 REWARDGATE_COMMIT=${COMMIT}
LABEL org.opencontainers.image.title="rewardgate" org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.description="Reward-model serving gateway" \
  org.opencontainers.image.version="0.1.0" org.opencontainers.image.revision="${COMMIT}"
USER 65532:65532
EXPOSE 8080 50051 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.REWARDGATE_ADMIN_PORT || 9090}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
