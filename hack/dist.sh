#!/usr/bin/env bash
# dist.sh IMAGE FILE: writes config/default with that image as one manifest.
set -euo pipefail
cd "$(dirname "$0")/.."
image=$1 file=$2
case ${image##*/} in *:*) ;; *) echo "error: the image needs a tag: $image" >&2; exit 1 ;; esac
folder=dist/overlay
mkdir -p "$folder" "$(dirname "$file")"
cat > "$folder/kustomization.yaml" << END
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../config/default]
images: [{name: scim-operator.io/scim-operator, newName: "${image%:*}", newTag: "${image##*:}"}]
END
bin/kustomize build "$folder" > "$file.tmp"
mv "$file.tmp" "$file"
rm -r "$folder"
