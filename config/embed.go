// Package config holds the manifests of the sample operator, so that tests and
// the demo can apply what the kustomizations in this folder apply.
package config

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Every manifest's file name begins with its group, which leaves the
// kustomization files out.
//
//go:embed crd/sample.kindred.dev_*.yaml samples/sample.kindred.dev_*.yaml
var files embed.FS

// CRDs returns the definitions of the sample operator's kinds.
func CRDs() ([]*apiextensionsv1.CustomResourceDefinition, error) {
	return read[apiextensionsv1.CustomResourceDefinition]("crd")
}

// Samples returns a few objects of each kind. They have no namespace.
func Samples() ([]*unstructured.Unstructured, error) {
	return read[unstructured.Unstructured]("samples")
}

// read decodes every document of every file in a folder, in the files' order. A
// field that T does not have is an error.
func read[T any](folder string) ([]*T, error) {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	var all []*T
	for _, entry := range entries {
		path := folder + "/" + entry.Name()
		content, err := fs.ReadFile(files, path)
		if err != nil {
			return nil, fmt.Errorf("config: %w", err)
		}
		for _, document := range bytes.Split(content, []byte("\n---\n")) {
			object := new(T)
			if err := yaml.UnmarshalStrict(document, object); err != nil {
				return nil, fmt.Errorf("config: %s: %w", path, err)
			}
			all = append(all, object)
		}
	}
	return all, nil
}
