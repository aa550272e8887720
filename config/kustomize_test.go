package config_test

import (
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func TestKustomizationsBuild(t *testing.T) {
	policies := kindCount + 1 // and kindred-lease-watch
	for folder, want := range map[string]map[string]int{
		"crd":        {"CustomResourceDefinition": kindCount},
		"rbac":       {"ServiceAccount": 1, "Role": 2, "RoleBinding": 2, "ClusterRole": 2, "ClusterRoleBinding": 1},
		"monitoring": {"ConfigMap": 2},
		"samples":    {"Database": 3, "Queue": 3, "Topic": 3, "Cache": 3, "Bucket": 3},
		"deployment": {"Deployment": 1, "PodDisruptionBudget": 1, "NetworkPolicy": 1},
		"default": {
			"Namespace": 1, "CustomResourceDefinition": kindCount, "ServiceAccount": 1, "Role": 2, "RoleBinding": 2, "ClusterRole": 2, "ClusterRoleBinding": 1,
			"Deployment": 1, "PodDisruptionBudget": 1, "NetworkPolicy": 1,
		},
		"monitored": {
			"Namespace": 1, "CustomResourceDefinition": kindCount, "ServiceAccount": 1, "Role": 2, "RoleBinding": 2, "ClusterRole": 2, "ClusterRoleBinding": 1,
			"Deployment": 1, "PodDisruptionBudget": 1, "NetworkPolicy": 1, "ConfigMap": 2,
			"ValidatingAdmissionPolicy": policies, "ValidatingAdmissionPolicyBinding": policies,
		},
		".": {
			"Namespace": 1, "CustomResourceDefinition": kindCount, "ServiceAccount": 1, "Role": 2, "RoleBinding": 2, "ClusterRole": 2, "ClusterRoleBinding": 1,
			"Deployment": 1, "PodDisruptionBudget": 1, "NetworkPolicy": 1,
			"ValidatingAdmissionPolicy": policies, "ValidatingAdmissionPolicyBinding": policies,
		},
	} {
		t.Run(folder, func(t *testing.T) {
			built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
			if err != nil {
				t.Fatal(err)
			}
			for _, resource := range built.Resources() {
				if want[resource.GetKind()] == 0 {
					t.Errorf("%s %s is not expected", resource.GetKind(), resource.GetName())
				}
				want[resource.GetKind()]--
			}
			for kind, missing := range want {
				if missing != 0 {
					t.Errorf("%d of %s are missing", missing, kind)
				}
			}
		})
	}
}
