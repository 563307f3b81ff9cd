# syntax=docker/dockerfile:1
# One image, two programs: /operator (the entrypoint) and /scimserver, which the operator starts the server pods with.
ARG GO_VERSION=1.26
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/go/cache \
    GOCACHE=/go/cache CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w" -o /out/ ./cmd/operator ./cmd/scimserver

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title="scim-operator" \
      org.opencontainers.image.description="SCIM 2.0 provisioning declared as Kubernetes resources" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/operator /out/scimserver /
USER 65532:65532
ENTRYPOINT ["/operator"]
