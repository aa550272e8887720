package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kindred-k8s/kindred/pkg/fence/policy"
)

// FuzzCommandLine: what the command line says is refused, or gives policies with
// valid names, different from each other, in whose expressions nothing of it is
// more than a text.
func FuzzCommandLine(f *testing.F) {
	f.Add("widget-operator", "widgets", "robot", "Widget.example.com=widgets", "status", "")
	f.Add("op", "ns", "ns2/robot", "A.b=as,C=cs", "status,spec,finalizers,children", "deployments.apps,services")
	f.Add("op", "ns", "/", "=,=x,A=,.b=c", "nothing,status,status", "..,")
	f.Add("op", "ns", "a' || 'a' == 'a", `A' || true || '.b=as`, "spec", "x'y.z")
	f.Add("op", "ns", "a' || 'a' == 'a", "A.b=as", "status", "")
	f.Add("op", "ns", "robot", "\u212aind.b=kinds,kind.b=kinds", "status", "") // two kinds of one Lease
	f.Add("op", "ns", "robot", "A.b.c=as,A.b.c=as", "status", "")
	f.Fuzz(func(t *testing.T, component, namespace, account, kinds, areas, children string) {
		split := func(text string) []string {
			if text == "" {
				return nil
			}
			return strings.Split(text, ",")
		}
		o := &options{
			config: genericclioptions.NewConfigFlags(true), component: component, serviceAccount: account,
			kinds: split(kinds), areas: split(areas), children: split(children), output: formats[0],
		}
		o.config.Namespace = &namespace
		generate, err := o.complete()
		if err != nil {
			return
		}
		if generate.Kinds, err = parseKinds(o.kinds); err != nil {
			return
		}
		for i, kind := range generate.Kinds {
			if name, _, _ := strings.Cut(o.kinds[i], "="); kind.String() != strings.TrimSuffix(name, ".") {
				t.Errorf("%q was read as %+v", o.kinds[i], kind)
			}
		}
		policies, err := policy.Generate(generate)
		if err != nil {
			return
		}
		if len(policies) != len(generate.Kinds)*len(generate.Areas) {
			t.Errorf("%d policies for %d kinds and %d areas", len(policies), len(generate.Kinds), len(generate.Areas))
		}
		plain := plainly(t, generate)
		names := map[string]bool{}
		for i, p := range policies {
			if problems := validation.NameIsDNSSubdomain(p.Policy.Name, false); len(problems) > 0 || names[p.Policy.Name] {
				t.Errorf("policy %q: %v, or there are two", p.Policy.Name, problems)
			}
			names[p.Policy.Name] = true
			for j, condition := range p.Policy.Spec.MatchConditions {
				if like := plain[i].Policy.Spec.MatchConditions[j].Expression; skeleton(condition.Expression) != skeleton(like) {
					t.Errorf("%s\nis not made as\n%s", condition.Expression, like)
				}
			}
			for j, v := range p.Policy.Spec.Validations {
				if like := plain[i].Policy.Spec.Validations[j].MessageExpression; skeleton(v.MessageExpression) != skeleton(like) {
					t.Errorf("%s\nis not made as\n%s", v.MessageExpression, like)
				}
			}
		}
	})
}

// plainly makes policies like those of o, with plain words.
func plainly(t *testing.T, o policy.Options) []policy.Policy {
	t.Helper()
	o.Component, o.Namespace, o.ServiceAccount = "op", "ns", types.NamespacedName{Namespace: "ns", Name: "robot"}
	o.Kinds = slices.Clone(o.Kinds)
	for i := range o.Kinds {
		o.Kinds[i].Kind, o.Kinds[i].Resource = fmt.Sprintf("A%d", i), "as"
		if o.Kinds[i].Group != "" { // the core group has another expression
			o.Kinds[i].Group = "b"
		}
	}
	if len(o.Children) > 0 {
		o.Children = []schema.GroupResource{{Group: "apps", Resource: "deployments"}}
	}
	plain, err := policy.Generate(o)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// skeleton is an expression without its texts.
func skeleton(expression string) string {
	return regexp.MustCompile(`'(\\.|[^'\\])*'`).ReplaceAllString(expression, "''")
}
