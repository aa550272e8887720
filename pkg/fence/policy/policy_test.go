package policy_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/kindred-k8s/kindred/pkg/fence/policy"
)

var update = flag.Bool("update", false, "write testdata anew")

func options(change ...func(*policy.Options)) policy.Options {
	o := policy.Options{
		Component: "widget-operator", Namespace: "widgets",
		ServiceAccount: types.NamespacedName{Namespace: "widgets", Name: "widget-operator"},
		Kinds: []policy.Kind{
			{GroupKind: schema.GroupKind{Group: "example.com", Kind: "Widget"}, Resource: "widgets"},
		},
		Areas:              []policy.Area{policy.Status},
		RefuseWithoutLease: []policy.Area{policy.Status},
	}
	for _, c := range change {
		c(&o)
	}
	return o
}

func TestGolden(t *testing.T) {
	for name, o := range map[string]policy.Options{
		"status": options(),
		"all": options(func(o *policy.Options) {
			o.Areas = policy.Areas
			o.Children = []schema.GroupResource{{Group: "apps", Resource: "deployments"}, {Resource: "services"}, {Group: "apps", Resource: "statefulsets"}}
			o.RefuseWithoutLease = []policy.Area{policy.Status, policy.Spec}
		}),
		"core": options(func(o *policy.Options) {
			o.Kinds = []policy.Kind{{GroupKind: schema.GroupKind{Kind: "Service"}, Resource: "services"}}
			o.Areas = []policy.Area{policy.Children}
			o.Children = []schema.GroupResource{{Group: "discovery.k8s.io", Resource: "endpointslices"}}
			o.RefuseWithoutLease = nil
		}),
	} {
		t.Run(name, func(t *testing.T) {
			all, err := policy.Generate(o)
			if err != nil {
				t.Fatal(err)
			}
			got := &bytes.Buffer{}
			for _, p := range all {
				for _, object := range []any{p.Policy, p.Binding} {
					text, err := yaml.Marshal(object)
					if err != nil {
						t.Fatal(err)
					}
					got.WriteString("---\n")
					got.Write(text)
				}
			}
			path := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("run go test with -update if this is meant (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNamesDoNotCollide: policies are cluster-wide, and the same controller may be
// installed in two namespaces.
func TestNamesDoNotCollide(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range []policy.Options{
		options(func(o *policy.Options) {
			o.Areas, o.Children = policy.Areas, []schema.GroupResource{{Resource: "pods"}}
		}),
		options(func(o *policy.Options) { o.Namespace = "gadgets" }),
		options(func(o *policy.Options) { o.Component = "gadget-operator" }),
		options(func(o *policy.Options) { o.Kinds[0].Group = "other.example.com" }),
		options(func(o *policy.Options) { o.Kinds[0].Kind = "Gadget" }),
	} {
		all, err := policy.Generate(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			name := p.Policy.Name
			if seen[name] || p.Binding.Name != name || p.Binding.Spec.PolicyName != name {
				t.Errorf("policy %s, binding %s of %s", name, p.Binding.Name, p.Binding.Spec.PolicyName)
			}
			seen[name] = true
		}
	}
}

func TestMissingLease(t *testing.T) {
	all, err := policy.Generate(options(func(o *policy.Options) {
		o.Areas = []policy.Area{policy.Status, policy.Finalizers}
	}))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []admissionv1.ParameterNotFoundActionType{admissionv1.DenyAction, admissionv1.AllowAction} {
		if got := *all[i].Binding.Spec.ParamRef.ParameterNotFoundAction; got != want {
			t.Errorf("%s: %s, want %s", all[i].Binding.Name, got, want)
		}
	}
}

func TestEverythingWrongIsToldTogether(t *testing.T) {
	_, err := policy.Generate(policy.Options{
		Component: "a.b", Namespace: "Team", ServiceAccount: types.NamespacedName{Namespace: "", Name: "x'y"},
		Kinds: []policy.Kind{
			{GroupKind: schema.GroupKind{Kind: "Widget"}, Resource: ""},
			{GroupKind: schema.GroupKind{Kind: "widget"}, Resource: "widgets"},
		},
		Areas:              []policy.Area{"stats", policy.Spec, policy.Spec},
		Children:           []schema.GroupResource{{Resource: "Deployment", Group: "apps"}},
		RefuseWithoutLease: []policy.Area{policy.Children, policy.Status},
	})
	for _, want := range []string{
		`component "a.b"`, `namespace of the Leases "Team"`, "namespace of the service account", `service account "x'y"`,
		"kind Widget: its resource", "kind widget is given twice",
		`"stats" is nothing that can be fenced: use status, spec, finalizers, children`, "spec is to be fenced twice",
		"children cannot be refused while there is no Lease", "status is to be refused while there is no Lease, but is not fenced",
		"children are not fenced", `child resource "Deployment.apps"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
	for want, o := range map[string]policy.Options{
		"no kind is given":          options(func(o *policy.Options) { o.Kinds = nil }),
		"nothing is to be fenced":   options(func(o *policy.Options) { o.Areas, o.RefuseWithoutLease = nil, nil }),
		"children are to be":        options(func(o *policy.Options) { o.Areas = policy.Areas }),
		"shorten the component's":   options(func(o *policy.Options) { o.Kinds[0].Group = strings.Repeat("long.", 42) + "io" }),
		"and Kubernetes allows 253": options(func(o *policy.Options) { o.Kinds[0].Group = strings.Repeat("long.", 46) + "iii" }),
	} {
		if _, err := policy.Generate(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
}
