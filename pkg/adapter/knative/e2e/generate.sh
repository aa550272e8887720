#!/usr/bin/env bash
# Generates, as a Knative project does, a client, informers, listers and the
# reconciler for Foo, a kind of knative.dev/pkg's own tests. Run it in this directory.
set -euo pipefail
kubernetes=v0.37.2
knative=$(go list -m -f '{{.Version}}' knative.dev/pkg)
input=knative.dev/pkg/apis/test/example/v1alpha1
output=github.com/kindred-k8s/kindred/pkg/adapter/knative/e2e/generated
header=$(mktemp)
trap 'rm -f "$header"' EXIT

generate() { go run "$@" --go-header-file "$header"; }

rm -rf generated
generate "k8s.io/code-generator/cmd/client-gen@$kubernetes" --clientset-name versioned --input-base "" \
  --input "$input" --output-pkg "$output/clientset" --output-dir generated/clientset
generate "k8s.io/code-generator/cmd/lister-gen@$kubernetes" \
  --output-pkg "$output/listers" --output-dir generated/listers "$input"
generate "k8s.io/code-generator/cmd/informer-gen@$kubernetes" --versioned-clientset-package "$output/clientset/versioned" \
  --listers-package "$output/listers" --output-pkg "$output/informers" --output-dir generated/informers "$input"
generate "knative.dev/pkg/codegen/cmd/injection-gen@$knative" --input-dirs "$input" \
  --versioned-clientset-package "$output/clientset/versioned" \
  --external-versions-informers-package "$output/informers/externalversions" \
  --listers-package "$output/listers" --force-genreconciler-kinds Foo \
  --output-package "$output/injection" --output-dir generated/injection
# Of the rest nothing is used here.
rm -rf generated/clientset/versioned/fake generated/clientset/versioned/typed/example/v1alpha1/fake
find generated/injection -depth \( -name fake -o -name filtered -o -name stub -o -name clusterfiz \) -exec rm -rf {} +
gofmt -w generated
