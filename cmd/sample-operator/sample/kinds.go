// Package sample puts the sample operator's kinds and objects into a cluster, for
// the demo and for tests.
package sample

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group and Version are those of every sample kind.
const (
	Group   = "sample.kindred.dev"
	Version = "v1"
)

// Kinds are the kinds that the sample operator reconciles.
var Kinds = []schema.GroupKind{
	{Group: Group, Kind: "Database"},
	{Group: Group, Kind: "Queue"},
	{Group: Group, Kind: "Topic"},
	{Group: Group, Kind: "Cache"},
	{Group: Group, Kind: "Bucket"},
}

// GVR returns the resource of one of Kinds.
func GVR(kind schema.GroupKind) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: kind.Group, Version: Version, Resource: strings.ToLower(kind.Kind) + "s"}
}
