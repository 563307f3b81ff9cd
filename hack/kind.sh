#!/usr/bin/env bash
# kind.sh [up|down]: makes a cluster with kind in Docker, builds the image IMG and loads it; then `make e2e` and `make deploy` work.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${KIND_CLUSTER:-scim-operator}
export IMG=${IMG:-scim-operator.io/scim-operator:dev}
kubeconfig=$PWD/bin/kind.kubeconfig

die() { echo "error: $*" >&2; exit 1; }
command -v docker > /dev/null || die "docker is missing: install Docker, or set KUBECONFIG to a cluster that you have"
docker info > /dev/null 2>&1 || die "the Docker engine does not answer: start it, or set KUBECONFIG to a cluster that you have"
command -v kind > /dev/null || die "kind is missing: go install sigs.k8s.io/kind@latest"

case ${1:-up} in
  up)
    mkdir -p bin
    if ! kind get clusters 2> /dev/null | grep -qx "$name"; then
      kind create cluster --name "$name" --wait 120s
    fi
    kind export kubeconfig --name "$name" --kubeconfig "$kubeconfig"
    make --no-print-directory image
    kind load docker-image "$IMG" --name "$name"
    printf '\nexport KUBECONFIG=%q\nmake e2e IMG=%q\n' "$kubeconfig" "$IMG"
    ;;
  down)
    kind delete cluster --name "$name"
    rm -f "$kubeconfig"
    ;;
  *) die "usage: hack/kind.sh [up|down]" ;;
esac
