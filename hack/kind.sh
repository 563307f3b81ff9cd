#!/usr/bin/env bash
# kind.sh [up|down]: makes a cluster with kind in Docker, builds the image IMG and that of the example application, and loads both; then `make e2e` and `make deploy` work.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${KIND_CLUSTER:-scim-operator}
export IMG=${IMG:-scim-operator.io/scim-operator:dev}
app=scim-operator.io/exampleapp:dev # the application of the end-to-end tests
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
    make --no-print-directory exampleapp
    printf 'FROM scratch\nCOPY inventory /inventory\nUSER 65532:65532\nENTRYPOINT ["/inventory"]\n' | docker build -t "$app" -f - bin
    kind load docker-image "$IMG" "$app" --name "$name"
    printf '\nexport KUBECONFIG=%q EXAMPLEAPP_IMG=%q\nmake e2e IMG=%q\n' "$kubeconfig" "$app" "$IMG"
    ;;
  down)
    kind delete cluster --name "$name"
    rm -f "$kubeconfig"
    ;;
  *) die "usage: hack/kind.sh [up|down]" ;;
esac
