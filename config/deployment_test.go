package config_test

import (
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/kindred-k8s/kindred/pkg/coordinator"
	"github.com/kindred-k8s/kindred/pkg/lease"
)

func manifest[T any](t *testing.T, path string) *T {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	object := new(T)
	if err := yaml.UnmarshalStrict(text, object); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return object
}

// TestGracePeriodFitsTheShutdownBudget: docs/operations.md has the steps.
func TestGracePeriodFitsTheShutdownBudget(t *testing.T) {
	d := manifest[appsv1.Deployment](t, "deployment/deployment.yaml")
	release := lease.DefaultRenewDeadline / 2
	budget := coordinator.DefaultDrainTimeout + 2*release // the release, and then the member Lease
	grace := time.Duration(*d.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
	if grace <= budget {
		t.Errorf("the grace period is %v, and a shutdown may take %v", grace, budget)
	}
}

func TestEverythingSelectsTheDeploymentsPods(t *testing.T) {
	d := manifest[appsv1.Deployment](t, "deployment/deployment.yaml")
	labels := d.Spec.Template.Labels
	selectors := map[string]map[string]string{
		"Deployment":          d.Spec.Selector.MatchLabels,
		"PodDisruptionBudget": manifest[policyv1.PodDisruptionBudget](t, "deployment/disruption_budget.yaml").Spec.Selector.MatchLabels,
		"NetworkPolicy":       manifest[networkingv1.NetworkPolicy](t, "deployment/network_policy.yaml").Spec.PodSelector.MatchLabels,
	}
	for _, spread := range d.Spec.Template.Spec.TopologySpreadConstraints {
		selectors["spread over "+spread.TopologyKey] = spread.LabelSelector.MatchLabels
	}
	for what, selector := range selectors {
		if len(selector) == 0 || !maps.Equal(selector, labels) {
			t.Errorf("%s selects %v, and the Pods have %v", what, selector, labels)
		}
	}
}

// TestPodSaysWhoItIs: the replica learns all that it can from the downward API.
func TestPodSaysWhoItIs(t *testing.T) {
	want := map[string]string{
		"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace", "POD_UID": "metadata.uid",
		"POD_TEMPLATE_HASH": "metadata.labels['pod-template-hash']",
	}
	got := map[string]string{}
	for _, env := range manifest[appsv1.Deployment](t, "deployment/deployment.yaml").Spec.Template.Spec.Containers[0].Env {
		if env.ValueFrom != nil && env.ValueFrom.FieldRef != nil {
			got[env.Name] = env.ValueFrom.FieldRef.FieldPath
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("the environment is %v, want %v", got, want)
	}
}

// TestMonitoredServesMetrics: the port that is named is the one that is served, scraped
// and let through.
func TestMonitoredServesMetrics(t *testing.T) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "monitored")
	if err != nil {
		t.Fatal(err)
	}
	var d appsv1.Deployment
	var p networkingv1.NetworkPolicy
	for _, resource := range built.Resources() {
		into := map[string]any{"Deployment": &d, "NetworkPolicy": &p}[resource.GetKind()]
		if into == nil {
			continue
		}
		text, err := resource.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(text, into); err != nil {
			t.Fatal(err)
		}
	}
	container := d.Spec.Template.Spec.Containers[0]
	if want := []string{"--fence-policy", "--metrics-bind-address=:8080"}; !slices.Equal(container.Args, want) {
		t.Errorf("the arguments are %q, want %q", container.Args, want)
	}
	if port := container.Ports[len(container.Ports)-1]; port.Name != "metrics" || port.ContainerPort != 8080 {
		t.Errorf("the last port is %+v", port)
	}
	if got := d.Spec.Template.Annotations["prometheus.io/port"]; got != "8080" {
		t.Errorf("the port that is scraped is %q", got)
	}
	if ports := p.Spec.Ingress[0].Ports; ports[len(ports)-1].Port.String() != "metrics" {
		t.Errorf("let through are %v", ports)
	}
}
